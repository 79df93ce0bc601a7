using System.Globalization;
using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>The highest rate of 64-octet UDP datagrams that arrive whole.</summary>
internal sealed class Datagrams : PairMeasure
{
    private const string Port = "7000";

    public override string Name => "udp";

    protected override Figure[] NewFigures() =>
    [
        new(
            "64-octet datagrams, none lost", "1/s", Bar.RatioAtLeast(Subject.Own, Subject.Tap, 3, 6),
            Bar.Compare(Subject.Own, Subject.Veth), Bar.Compare(Subject.Stock, Subject.Tap)),
    ];

    protected override double[] MeasureOnce(HostPair pair, Laboratory laboratory)
    {
        string program = laboratory.Tools.Get("datagrams");
        using Child server = pair.Server.Start(program, "server", pair.Server.Address, Port);
        using Child client = pair.Client.Start(
            program, "client", pair.Server.Address, Port, laboratory.Options.Seconds.ToString(CultureInfo.InvariantCulture));
        return [double.Parse(client.Succeed(), CultureInfo.InvariantCulture)];
    }
}
