using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>iperf3 from the client to the server over one or more connections.</summary>
internal sealed class Throughput(int streams) : PairMeasure
{
    private static readonly TimeSpan PatienceWithServer = TimeSpan.FromSeconds(10);

    /// <summary>Octets of payload in a full segment with timestamps.</summary>
    private const double SegmentOctets = 1448;

    /// <summary>Octets of a full frame on a VDE wire, which has no checksum.</summary>
    private const double FrameOctets = 1514;

    public override string Name => $"iperf{streams}";

    protected override Figure[] NewFigures() =>
    [
        new($"iperf3, {streams} stream{(streams == 1 ? "" : "s")}", "Gbit/s", Bars()),
        new("  segments retransmitted", "%", Bar.AtMost(Subject.Stock, 1)),
    ];

    protected override double[] MeasureOnce(HostPair pair, Laboratory laboratory)
    {
        using Child server = pair.Server.Start("iperf3", "-s");
        using JsonDocument result = RunClient(pair, laboratory.Options.Seconds);
        JsonElement end = result.RootElement.GetProperty("end");
        JsonElement sent = end.GetProperty("sum_sent");
        double segments = sent.GetProperty("bytes").GetDouble() / SegmentOctets;
        return
        [
            end.GetProperty("sum_received").GetProperty("bits_per_second").GetDouble() / 1e9,
            100 * sent.GetProperty("retransmits").GetDouble() / segments,
        ];
    }

    /// <summary>The ceiling of the stock switch: whole frames, with their headers, that two plugs get through it.</summary>
    protected override void CompleteRound(Laboratory laboratory, Round round)
    {
        if (streams == 1)
            round.Take(Subject.Raw, () => [RawFrames(laboratory) * FrameOctets * 8 / 1e9]);
    }

    /// <summary>How many in a second.</summary>
    private static double RawFrames(Laboratory laboratory)
    {
        string frames = Child.Run(
            laboratory.Tools.Get("plugs"),
            laboratory.Switch.Control,
            laboratory.Options.Seconds.ToString(CultureInfo.InvariantCulture));
        return double.Parse(frames, CultureInfo.InvariantCulture);
    }

    /// <summary>Tries until the server is there: it stops listening for a moment after a connection that only probes.</summary>
    private JsonDocument RunClient(HostPair pair, int seconds)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            using Child client = pair.Client.Start(
                "iperf3", "-c", pair.Server.Address, "-J",
                "-t", seconds.ToString(CultureInfo.InvariantCulture),
                "-P", streams.ToString(CultureInfo.InvariantCulture));
            int status = client.Wait();
            string answer = client.Output;
            if (status == 0 && !answer.Contains("\"error\":", StringComparison.Ordinal))
                return JsonDocument.Parse(answer);
            if (Stopwatch.GetElapsedTime(begin) > PatienceWithServer || !answer.Contains("unable to connect", StringComparison.Ordinal))
                throw new BenchException($"iperf3, exit status {status}: {answer}{client.Errors}");
            Interruption.Sleep(TimeSpan.FromMilliseconds(50));
        }
    }

    private Bar[] Bars() => streams != 1
        ? [Bar.Compare(Subject.Own, Subject.Veth), Bar.Compare(Subject.Stock, Subject.Tap)]
        :
        [
            Bar.RatioAtLeast(Subject.Own, Subject.Veth, 1, 1.5),
            Bar.RatioAtLeast(Subject.Own, Subject.Tap, 12, 20),
            Bar.RatioAtLeast(Subject.Stock, Subject.Raw, 0.6, 0.8),
            Bar.RatioAtLeast(Subject.Stock, Subject.Tap, 2),
        ];
}
