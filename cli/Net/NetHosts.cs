using System.CommandLine;
using System.Globalization;

namespace Pyco.Cli.Net;

/// <summary>pyco-net ps.</summary>
internal sealed class NetHosts
{
    private const double StandardInterval = 0.2;

    private readonly Argument<string?> _path = NetArguments.Path();
    private readonly Option<string?> _interval = NetArguments.Text(
        "--delay", "-d", "SECONDS", "Measure rates over this time; 0 for none. Default: 0.2.");
    private readonly Option<bool> _json = NetArguments.Json();

    public NetHosts()
    {
        Command = new Command("ps", "Show a network's hosts: addresses, programs, sockets, traffic.") { _path, _interval, _json };
        Command.SetAction(Run);
    }

    public Command Command { get; }

    public static string Describe(StationSample sample)
    {
        Columns table = new(
            "ADDRESS", "NAME", "MAC", "PORT", "PID", "SOCKETS", "BITS-IN/s", "BITS-OUT/s", "OCTETS-IN", "OCTETS-OUT", "DROPPED", "UNREAD",
            "PUBLISHED", "PROGRAM")
        { Optional = new HashSet<string> { "NAME", "PUBLISHED" } };
        foreach (StationView station in sample.Stations)
        {
            Rates? rates = sample.RatesOf(station);
            table.Add(
                station.Addresses,
                station.Name,
                station.Mac,
                station.Port,
                station.ProcessId,
                station.Sockets,
                rates is { } input ? Rates.Short(input.BitsReceived) : "-",
                rates is { } output ? Rates.Short(output.BitsSent) : "-",
                station.OctetsReceived.ToString(CultureInfo.InvariantCulture),
                station.OctetsSent.ToString(CultureInfo.InvariantCulture),
                station.Dropped.ToString(CultureInfo.InvariantCulture),
                station.DatagramsDropped,
                station.Published,
                station.Program);
        }
        return table.ToString();
    }

    private void Run(ParseResult words)
    {
        TimeSpan interval = NetArguments.ReadSeconds(words.GetValue(_interval), StandardInterval, least: 0);
        var sample = StationSample.Take(NetArguments.PathOf(words.GetValue(_path)), interval);
        Terminal.Out(words.GetValue(_json) ? sample.ToJson() : Describe(sample));
    }
}
