using System.Globalization;
using System.Text.Json;
using Pyco.Network.Hosts;
using Pyco.Posix;
using Pyco.Stack.Wire;
using Pyco.Vde.Impairment;
using Pyco.Vde.Switching;

namespace Pyco.Network.Control;

/// <summary>The verb <c>link</c>: <c>port=N</c> or <c>host=ADDRESS</c> (all ports without), and <c>set=SPEC</c> to change.</summary>
internal static class LinkRequests
{
    /// <exception cref="RefusedException">There is no such port or no such cable, or it is another user's.</exception>
    public static string Handle(VirtualNetwork network, ControlRequest request, in PeerCredentials peer)
    {
        SwitchPort[] ports = Find(network, request.Get("port"), request.Get("host"));
        string[] texts = [.. request.Text.Split('\n').Where(line => line.StartsWith("set=", StringComparison.Ordinal)).Select(line => line[4..])];
        if (texts.Length > 0)
        {
            uint user = peer.UserId;
            if (user != 0 && user != Libc.geteuid() && Array.Find(ports, port => port.UserId != user) is { } other)
                throw new RefusedException($"the cable of port {other.Number} is another user's");
            foreach (SwitchPort port in ports)
                Set(network, port, texts, peer);
        }
        return NetworkReport.Write(json =>
        {
            json.WriteStartArray();
            foreach (SwitchPort port in ports)
                Write(json, port, network.Links.Find(port));
            json.WriteEndArray();
        });
    }

    private static SwitchPort[] Find(VirtualNetwork network, string? number, string? address)
    {
        if (number is not null)
        {
            SwitchPort? port = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int known) ? network.Switch.FindPort(known) : null;
            return port is null ? throw new RefusedException($"the network has no port {number}") : [port];
        }
        if (address is null)
            return [.. network.Switch.Ports];
        if (!IpAddress.TryParse(address, out IpAddress wanted))
            throw new RefusedException($"'{address}' is not the address of a host such as 10.40.0.32");
        JoinedHost? host = network.Hosts.Find(wanted);
        return host?.Port is { } own ? [own] : throw new RefusedException($"the network has no host {address}");
    }

    private static void Set(VirtualNetwork network, SwitchPort port, string[] texts, in PeerCredentials peer)
    {
        LinkSpecification before = network.Links.Find(port)?.Link ?? LinkSpecification.None;
        if (!LinkSpecification.TryParse(texts, before, out LinkSpecification? link, out string? error))
            throw new RefusedException(error);
        network.Links.Set(port, link);
        network.Log($"port {port.Number}: link {network.Links.Find(port)!.Link}, set by pid {peer.ProcessId}, uid {peer.UserId}");
    }

    private static void Write(Utf8JsonWriter json, SwitchPort port, PortImpairment? cable)
    {
        json.WriteStartObject();
        json.WriteNumber("port", port.Number);
        json.WriteString("description", port.Description);
        json.WriteString("link", (cable?.Link ?? LinkSpecification.None).ToString());
        Write(json, "up", cable?.Up ?? new LinkCounters());
        Write(json, "down", cable?.Down ?? new LinkCounters());
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, LinkCounters counters)
    {
        json.WriteStartObject(name);
        json.WriteNumber("passed", counters.Passed);
        json.WriteNumber("lost", counters.Lost);
        json.WriteNumber("duplicated", counters.Duplicated);
        json.WriteNumber("reordered", counters.Reordered);
        json.WriteNumber("corrupted", counters.Corrupted);
        json.WriteNumber("queueFull", counters.QueueFull);
        json.WriteNumber("tooLong", counters.TooLong);
        json.WriteEndObject();
    }
}
