using System.Globalization;
using System.Text.Json;
using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>iperf3 from the client to the server over one or more connections.</summary>
internal sealed class Throughput(int streams) : PairMeasure
{
    private const int Port = 5201;

    /// <summary>Octets of payload in a full segment with timestamps.</summary>
    private const double SegmentOctets = 1448;

    public override string Name => $"iperf{streams}";

    protected override Figure[] NewFigures() =>
    [
        new($"iperf3, {streams} stream{(streams == 1 ? "" : "s")}", "Gbit/s", streams == 1 ? Bar.RatioAtLeast(2) : null),
        new("  segments retransmitted", "%", Bar.AtMost(1)),
    ];

    protected override double[] MeasureOnce(HostPair pair, Laboratory laboratory)
    {
        using Child server = pair.Server.Start("iperf3", "-s");
        pair.WaitUntilListening(Port);
        using Child client = pair.Client.Start(
            "iperf3", "-c", pair.Server.Address, "-J",
            "-t", laboratory.Seconds.ToString(CultureInfo.InvariantCulture),
            "-P", streams.ToString(CultureInfo.InvariantCulture));
        using JsonDocument result = JsonDocument.Parse(client.Succeed());
        JsonElement end = result.RootElement.GetProperty("end");
        JsonElement sent = end.GetProperty("sum_sent");
        double segments = sent.GetProperty("bytes").GetDouble() / SegmentOctets;
        return
        [
            end.GetProperty("sum_received").GetProperty("bits_per_second").GetDouble() / 1e9,
            100 * sent.GetProperty("retransmits").GetDouble() / segments,
        ];
    }
}
