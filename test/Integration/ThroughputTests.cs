using System.Text.Json;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>iperf3, which opens AF_INET6 sockets, several connections, and both protocols. How fast is for 'make bench'.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class ThroughputTests(WireKind kind) : WireTest(kind)
{
    [TestCase(false, TestName = "Iperf3_sends_over_TCP")]
    [TestCase(true, TestName = "Iperf3_receives_over_TCP")]
    public void TransfersOverTcp(bool reverse)
    {
        using JsonDocument report = Measure(reverse ? ["-R", "-t", "2"] : ["-t", "2"]);

        JsonElement end = report.RootElement.GetProperty("end");
        long received = end.GetProperty("sum_received").GetProperty("bytes").GetInt64();
        long sent = end.GetProperty("sum_sent").GetProperty("bytes").GetInt64();
        Assert.That(received, Is.Positive);
        Assert.That(received, Is.LessThanOrEqualTo(sent));
    }

    [Test]
    public void Iperf3_feeds_8_streams_at_once()
    {
        using JsonDocument report = Measure(["-P", "8", "-t", "2"]);

        JsonElement streams = report.RootElement.GetProperty("end").GetProperty("streams");
        Assert.That(
            streams.EnumerateArray().Select(stream => stream.GetProperty("receiver").GetProperty("bytes").GetInt64()),
            Has.Exactly(8).Items.And.All.Positive);
    }

    [TestCase(false, TestName = "Iperf3_sends_over_UDP")]
    [TestCase(true, TestName = "Iperf3_receives_over_UDP")]
    public void TransfersOverUdp(bool reverse)
    {
        string[] options = ["-u", "-b", "10M", "-n", "2M"];
        using JsonDocument report = Measure(reverse ? [.. options, "-R"] : options);

        JsonElement sum = report.RootElement.GetProperty("end").GetProperty("sum");
        Assert.That(sum.GetProperty("packets").GetInt64(), Is.GreaterThan(1000));
        // A switch that gets no processor for a moment loses what comes meanwhile.
        Assert.That(sum.GetProperty("lost_percent").GetDouble(), Is.LessThan(80));
    }

    private JsonDocument Measure(string[] options)
    {
        string server = Wire.FreshAddress();
        Wire.RunAt(server, "iperf3", "-s", "--forceflush").WaitForOutput("Server listening");
        RunningProgram client = Wire.RunAt(Wire.FreshAddress(), ["iperf3", "-c", server, "-J", .. options]);
        var report = JsonDocument.Parse(client.Succeed());
        Assert.That(report.RootElement.TryGetProperty("error", out JsonElement error), Is.False, () => error.ToString());
        return report;
    }
}
