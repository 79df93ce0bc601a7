using System.Globalization;
using System.Text.RegularExpressions;
using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>sockperf: 64 octets there and back over TCP, half of the round trip.</summary>
internal sealed partial class PingPong : PairMeasure
{
    private const int Port = 11111;

    public override string Name => "pingpong";

    protected override Figure[] NewFigures() =>
    [
        new(
            "64-octet ping-pong, one way, p50",
            "us",
            Bar.RatioAtMost(Subject.Own, Subject.Veth, 1.2, 0.9),
            Bar.RatioAtMost(Subject.Stock, Subject.Tap, 1)),
        new("  p99", "us"),
    ];

    protected override double[] MeasureOnce(HostPair pair, Laboratory laboratory)
    {
        string port = Port.ToString(CultureInfo.InvariantCulture);
        using Child server = pair.Server.Start("sockperf", "server", "--tcp", "-i", pair.Server.Address, "-p", port);
        pair.WaitUntilListening(Port);
        using Child client = pair.Client.Start(
            "sockperf", "ping-pong", "--tcp", "-i", pair.Server.Address, "-p", port, "-m", "64",
            "-t", laboratory.Options.Seconds.ToString(CultureInfo.InvariantCulture));
        string text = client.Succeed();
        return [Percentile(text, "50.000"), Percentile(text, "99.000")];
    }

    private static double Percentile(string text, string which)
    {
        foreach (Match match in PercentileLine().Matches(text))
        {
            if (match.Groups[1].Value == which)
                return double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
        }
        throw new BenchException($"sockperf told no percentile {which}:\n{text}");
    }

    [GeneratedRegex(@"percentile (\d+\.\d+) = +(\d+\.\d+)")]
    private static partial Regex PercentileLine();
}
