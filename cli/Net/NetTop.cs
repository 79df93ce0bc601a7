using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Pyco.Cli.Net;

/// <summary>pyco-net top: who sends how much, again and again.</summary>
/// <remarks>
/// A few escape sequences that all terminals know: a library for them would be in the one binary that every pyco-run loads.
/// </remarks>
internal sealed class NetTop
{
    private const string OtherScreen = "\e[?1049h\e[?25l"; // and no cursor
    private const string OwnScreen = "\e[?25h\e[?1049l";
    private const string Home = "\e[H";
    private const string ClearLine = "\e[K";
    private const string ClearBelow = "\e[J";

    private static readonly HashSet<string> Numbers =
        ["PID", "SOCKETS", "FRAMES-IN/s", "FRAMES-OUT/s", "BITS-IN/s", "BITS-OUT/s", "DROPPED"];

    private readonly Argument<string?> _path = NetArguments.Path();
    private readonly Option<string?> _interval = NetArguments.Text("--delay", "-d", "SECONDS", "Time between two looks. Default: 1.");
    private readonly Option<string?> _count = NetArguments.Text(
        "--count", "-n", "COUNT", "End after so many. Default: never in a terminal, else once.");

    private readonly Option<bool> _json = NetArguments.Switch("--json", null, "Write JSON, one object in a line.");

    public NetTop()
    {
        Command = new Command("top", "Show who sends how much, again and again.") { _path, _interval, _count, _json };
        Command.SetAction(Run);
    }

    public Command Command { get; }

    /// <summary>The busiest first.</summary>
    public static string Describe(StationSample sample)
    {
        Rates total = sample.Total;
        Columns table = new(
            "ADDRESS", "PID", "SOCKETS", "FRAMES-IN/s", "FRAMES-OUT/s", "BITS-IN/s", "BITS-OUT/s", "DROPPED", "PROGRAM")
        { Numbers = Numbers };
        foreach (StationView station in sample.Stations.OrderByDescending(Traffic))
        {
            Rates? rates = sample.RatesOf(station);
            string Rate(Func<Rates, double> of) => rates is { } known ? Rates.Short(of(known)) : "-";
            table.Add(
                station.Addresses,
                station.ProcessId,
                station.Sockets,
                Rate(known => known.FramesReceived),
                Rate(known => known.FramesSent),
                Rate(known => known.BitsReceived),
                Rate(known => known.BitsSent),
                station.Dropped.ToString(CultureInfo.InvariantCulture),
                station.Program);
        }
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {sample.Path}: {Columns.Count(sample.HostCount, "host")}, {Columns.Count(sample.PlugCount, "plug")}, up {(long)sample.Uptime.TotalHours}:{sample.Uptime:mm\:ss}
            all together {Rates.Short(total.FramesSent)} frames/s, {Rates.Short(total.BitsSent)}bit/s

            {table}
            """);

        double Traffic(StationView station) => sample.RatesOf(station) is { } rates ? rates.BitsSent + rates.BitsReceived : -1;
    }

    /// <summary>A text over what was on the screen before, cut to its size.</summary>
    public static string Draw(string text, int rows, int columns)
    {
        StringBuilder screen = new(Home);
        string[] lines = text.TrimEnd('\n').Split('\n');
        for (int row = 0; row < Math.Min(lines.Length, rows); row++)
        {
            string line = lines[row];
            screen.Append(row == 0 ? "" : "\r\n").Append(line.Length > columns ? line[..columns] : line).Append(ClearLine);
        }
        return screen.Append(ClearBelow).ToString();
    }

    private void Run(ParseResult words)
    {
        string path = NetArguments.PathOf(words.GetValue(_path));
        TimeSpan interval = NetArguments.ReadSeconds(words.GetValue(_interval), standard: 1, least: 0.1);
        long? count = NetArguments.ReadNumber(words.GetValue(_count), "how often to look", 1, int.MaxValue);
        bool isJson = words.GetValue(_json);
        bool isLive = !isJson && Terminal.Size() is not null;
        StationSample sample = new(NetArguments.Ask(path, "ps"));
        using Interrupt interrupt = new();
        if (isLive)
            Terminal.Out(OtherScreen);
        try
        {
            for (long left = count ?? (isLive ? long.MaxValue : 1); left > 0; left--)
            {
                if (isLive)
                    Show(sample); // what is known at once, without rates at first
                if (interrupt.Wait(interval))
                    return;
                sample = new StationSample(NetArguments.Ask(path, "ps"), sample);
                if (!isLive && !Terminal.Out(isJson ? sample.ToJson() : Describe(sample)))
                    return;
            }
        }
        finally
        {
            if (isLive)
                Terminal.Out(OwnScreen + Describe(sample));
        }
    }

    private static void Show(StationSample sample)
    {
        (int rows, int columns) = Terminal.Size() ?? (24, 80);
        Terminal.Out(Draw(Describe(sample), rows, columns));
    }
}
