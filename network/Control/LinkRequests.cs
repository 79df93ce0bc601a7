using System.Globalization;
using System.Text.Json;
using Pyco.Host.Control;
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
            if (ports.Length == 0)
                _ = Read(texts, LinkSpecification.None); // a wrong word is told also where no cable is yet
            // All are read before any is set: a change that is impossible for one cable changes none.
            LinkSpecification[] links = [.. ports.Select(port => Read(texts, network.Links.Find(port)?.Link ?? LinkSpecification.None))];
            for (int i = 0; i < ports.Length; i++)
                Set(network, ports[i], links[i], peer);
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

    private static LinkSpecification Read(string[] texts, LinkSpecification before) =>
        LinkSpecification.TryParse(texts, before, out LinkSpecification? link, out string? error) ? link : throw new RefusedException(error);

    private static void Set(VirtualNetwork network, SwitchPort port, LinkSpecification link, in PeerCredentials peer)
    {
        network.Links.Set(port, link);
        network.Log($"port {port.Number}: link {Describe(network.Links.Find(port))}, set by pid {peer.ProcessId}, uid {peer.UserId}");
    }

    /// <summary>A cable that does nothing any more keeps its seed, of which nobody who reads this gets anything.</summary>
    private static string Describe(PortImpairment? cable) =>
        (cable is null || cable.Link.IsNone ? LinkSpecification.None : cable.Link).ToString();

    private static void Write(Utf8JsonWriter json, SwitchPort port, PortImpairment? cable)
    {
        json.WriteStartObject();
        json.WriteNumber("port", port.Number);
        json.WriteString("description", port.Description);
        json.WriteString("link", Describe(cable));
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
