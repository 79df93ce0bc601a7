using System.Text.Json;

namespace Pyco.Cli.Net;

/// <summary>A host or a plug as an answer to <c>ps</c> tells of it; sent and received are its own.</summary>
internal sealed record StationView
{
    /// <summary>The same in the next answer if it is still the same station.</summary>
    public required string Key { get; init; }

    /// <summary>A dash for a plug, whose station the network does not know.</summary>
    public required string Addresses { get; init; }

    /// <summary>By which other hosts find it; a dash for none, and with the address of whom they find instead where that is another.</summary>
    public required string Name { get; init; }

    /// <summary>Ports of the machine's own network that lead to the host; a dash for none.</summary>
    public required string Published { get; init; }

    public required string Mac { get; init; }

    public required string Port { get; init; }

    /// <summary>What the host was made for, or what the plug says of itself.</summary>
    public required string Program { get; init; }

    public required string ProcessId { get; init; }

    public required string Sockets { get; init; }

    public required long FramesSent { get; init; }

    public required long OctetsSent { get; init; }

    public required long FramesReceived { get; init; }

    public required long OctetsReceived { get; init; }

    public required long Dropped { get; init; }

    /// <summary>Datagrams that the host's programs have not read in time.</summary>
    public required string DatagramsDropped { get; init; }

    public static StationView OfHost(JsonElement host) => Read(host) with
    {
        Key = $"{host.Text("port")} {host.Text("since")}",
        Addresses = string.Join(',', host.GetProperty("addresses").EnumerateArray().Select(address => address.GetString())),
        Name = host.GetProperty("nameHolder").GetString() is { } holder ? $"{host.Text("name")}={holder}" : host.GetProperty("name").GetString() ?? "-",
        Published = DescribePublished([.. host.GetProperty("published").EnumerateArray()]),
        Mac = host.Text("mac"),
        ProcessId = host.Text("pid"),
        Sockets = host.Text("sockets"),
        DatagramsDropped = host.Text("datagramsDropped"),
        Program = host.Text("program"),
    };

    public static StationView OfPlug(JsonElement plug) => Read(plug) with
    {
        Key = $"{plug.Text("port")} {plug.Text("description")}",
        Program = plug.Text("description"),
    };

    /// <summary>As <c>pyco-run -p</c> takes them; of many the first, and how many more, or the table would have no end.</summary>
    private static string DescribePublished(JsonElement[] ports)
    {
        const int most = 2;
        if (ports.Length == 0)
            return "-";
        string more = ports.Length > most ? $",+{ports.Length - most}" : "";
        return string.Join(',', ports.Take(most).Select(Describe)) + more;

        static string Describe(JsonElement port) =>
            $"{port.Text("outside")}:{port.Text("inside")}{(port.Text("protocol") == "udp" ? "/udp" : "")}";
    }

    private static StationView Read(JsonElement station) => new()
    {
        Key = "",
        Addresses = "-",
        Name = "-",
        Published = "-",
        Mac = "-",
        ProcessId = "-",
        Sockets = "-",
        DatagramsDropped = "-",
        Program = "",
        Port = station.Text("port"),
        FramesSent = station.GetProperty("framesSent").GetInt64(),
        OctetsSent = station.GetProperty("octetsSent").GetInt64(),
        FramesReceived = station.GetProperty("framesReceived").GetInt64(),
        OctetsReceived = station.GetProperty("octetsReceived").GetInt64(),
        Dropped = station.GetProperty("dropped").GetInt64(),
    };
}
