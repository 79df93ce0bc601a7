using System.Text;
using System.Text.Json;
using Pyco.Host.Bridge;
using Pyco.Host.Publishing;
using Pyco.Network.Gateway;
using Pyco.Network.Hosts;
using Pyco.Network.Plugs;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Vde.Switching;

namespace Pyco.Network.Control;

/// <summary>What a network tells of itself, in JSON.</summary>
internal static class NetworkReport
{
    public static string Status(VirtualNetwork network) => Write(json =>
    {
        NetworkOptions options = network.Options;
        json.WriteStartObject();
        json.WriteString("path", options.Path);
        json.WriteString("version", ProductVersion.Own);
        json.WriteNumber("pid", Environment.ProcessId);
        json.WriteString("started", network.StartedAt);
        json.WriteNumber("uptime", network.Uptime.TotalSeconds);
        json.WriteString("subnet", options.Subnet.ToString());
        WriteOptional(json, "gateway", options.Gateway?.ToString());
        json.WriteNumber("mtu", options.Mtu);
        GatewayReport.Write(json, network.Gateway);
        json.WriteBoolean("hub", network.Switch.IsHub);
        json.WriteBoolean("endsWhenEmpty", options.EndsWhenEmpty);
        json.WriteNumber("hosts", network.Hosts.All.Count);
        json.WriteNumber("plugs", network.Plugs.Ports.Count);
        json.WriteNumber("captures", network.Captures.Count);
        json.WriteNumber("stations", network.Switch.Stations.Entries.Count);
        json.WriteStartArray("ports");
        foreach (SwitchPort port in network.Switch.Ports)
            WritePort(json, port, network);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    public static string Hosts(VirtualNetwork network) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("path", network.Options.Path);
        json.WriteString("version", ProductVersion.Own);
        json.WriteNumber("uptime", network.Uptime.TotalSeconds);
        json.WriteStartArray("hosts");
        foreach (JoinedHost host in network.Hosts.All)
        {
            if (host.IsUp)
                WriteHost(json, host);
        }
        json.WriteEndArray();
        json.WriteStartArray("plugs");
        foreach (PlugPort plug in network.Plugs.Ports)
            WritePlug(json, plug);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WritePort(Utf8JsonWriter json, SwitchPort port, VirtualNetwork network)
    {
        json.WriteStartObject();
        json.WriteNumber("number", port.Number);
        json.WriteString("kind", port is PlugPort ? "plug" : port is TapPort ? "tap" : port == network.Gateway?.Port ? "gateway" : "host");
        json.WriteString("description", port.Description);
        json.WriteNumber("uid", port.UserId);
        json.WriteBoolean("blocked", port.IsBlocked);
        json.WriteNumber("framesIn", port.Counters.FramesIn);
        json.WriteNumber("octetsIn", port.Counters.OctetsIn);
        json.WriteNumber("framesOut", port.Counters.FramesOut);
        json.WriteNumber("octetsOut", port.Counters.OctetsOut);
        json.WriteNumber("dropped", port.Counters.Dropped);
        json.WriteEndObject();
    }

    /// <summary>A port's counters as its station sees them: what comes into the switch is what it has sent.</summary>
    private static void WriteTraffic(Utf8JsonWriter json, PortCounters counters)
    {
        json.WriteNumber("framesSent", counters.FramesIn);
        json.WriteNumber("octetsSent", counters.OctetsIn);
        json.WriteNumber("framesReceived", counters.FramesOut);
        json.WriteNumber("octetsReceived", counters.OctetsOut);
        json.WriteNumber("dropped", counters.Dropped);
    }

    private static void WritePlug(Utf8JsonWriter json, PlugPort plug)
    {
        json.WriteStartObject();
        json.WriteNumber("port", plug.Number);
        json.WriteString("description", plug.Description);
        json.WriteNumber("uid", plug.UserId);
        WriteTraffic(json, plug.Counters);
        json.WriteEndObject();
    }

    private static void WriteHost(Utf8JsonWriter json, JoinedHost host)
    {
        StackOptions options = host.Host!.Stack.Options;
        json.WriteStartObject();
        json.WriteStartArray("addresses");
        foreach (Stack.Wire.IpPrefix address in options.Addresses)
            json.WriteStringValue(address.ToString());
        json.WriteEndArray();
        json.WriteString("mac", options.Mac.ToString());
        json.WriteNumber("port", host.Port!.Number);
        WriteOptional(json, "name", host.Name);
        WriteOptional(json, "nameHolder", host.NameHolder?.ToString());
        (int processId, string command) = host.FindLiving();
        json.WriteString("program", command);
        json.WriteNumber("pid", processId);
        json.WriteNumber("uid", host.UserId);
        json.WriteString("since", host.UpSince);
        json.WriteNumber("sockets", host.Host.Bridge.Sockets.Count);
        json.WriteNumber("datagramsDropped", host.Host.Stack.Counters.Dropped(DropReason.MessageQueueFull));
        WriteTraffic(json, host.Port.Counters);
        json.WriteStartArray("published");
        foreach (PublishedPort port in host.Host.Publisher.Ports)
            WritePublished(json, port);
        json.WriteEndArray();
        json.WriteStartArray("socketList");
        foreach (ProgramSocket socket in host.Host.Bridge.Sockets.All)
            WriteSocket(json, socket.Stack);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePublished(Utf8JsonWriter json, PublishedPort port)
    {
        json.WriteStartObject();
        json.WriteString("protocol", port.IsUdp ? "udp" : "tcp");
        json.WriteString("outside", port.Outside.ToString());
        json.WriteNumber("inside", port.Inside);
        json.WriteEndObject();
    }

    private static void WriteSocket(Utf8JsonWriter json, StackSocket socket)
    {
        json.WriteStartObject();
        json.WriteString("protocol", ProtocolOf(socket));
        json.WriteString("local", socket.Local.ToString());
        WriteOptional(json, "remote", socket.Remote?.ToString());
        WriteOptional(json, "state", (socket as TcpSocket)?.StateName);
        WriteOptional(json, "dropped", (socket as MessageSocket)?.Dropped);
        json.WriteEndObject();
    }

    private static string ProtocolOf(StackSocket socket) => socket switch
    {
        TcpSocket => "tcp",
        EchoSocket => "icmp",
        _ => "udp",
    };

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is null)
            json.WriteNull(name);
        else
            json.WriteString(name, value);
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    /// <summary>What the function writes, as a text.</summary>
    public static string Write(Action<Utf8JsonWriter> write)
    {
        using MemoryStream octets = new();
        using (Utf8JsonWriter json = new(octets))
            write(json);
        return Encoding.UTF8.GetString(octets.ToArray());
    }
}
