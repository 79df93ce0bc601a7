using System.Globalization;
using System.Text;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>
/// How much of a wire of 100 Mbit/s with a round trip of 10 ms one connection uses, by the queue before it and by its loss:
/// a table that was looked at and found reasonable. A cell that leaves it by a third is a change of behaviour: look at it,
/// and if it is meant, put the new table here. (After smoltcp's netsim.)
/// </summary>
public class ThroughputTests
{
    private const int Octets = 3_000_000;
    private const int Frame = 1514;

    // Mbit/s of data, the median of three runs.
    private const string Reviewed = """
        queue    0 %  0.1 %    1 %    5 %   10 %
            5   36.2   27.6   14.6    6.0    3.0
           20   63.1   52.1   18.3    7.7    3.4
           80   79.6   66.9   22.7    7.7    3.4
          300   81.8   75.3   22.7    7.7    3.4
        """;

    private static readonly int[] Queues = [5, 20, 80, 300];
    private static readonly double[] Losses = [0, 0.001, 0.01, 0.05, 0.1];

    [Test]
    public void Throughput_by_queue_and_loss_is_as_reviewed()
    {
        double[][] reviewed = [.. Reviewed.Split('\n').Skip(1).Select(Numbers)];
        double[][] measured = [.. Queues.Select(queue => (double[])[queue, .. Losses.Select(loss => Median(queue, loss))])];
        bool isClose = reviewed.Length == measured.Length && reviewed.Zip(measured).All(
            rows => rows.First.Zip(rows.Second).All(cell => Math.Abs(cell.First - cell.Second) <= 0.34 * cell.First));
        Assert.That(isClose, $"reviewed:\n{Reviewed}\nmeasured:\n{Table(measured)}");
    }

    private static double Median(int queueFrames, double loss) => Enumerable.Range(1, 3)
        .Select(seed => MegabitsPerSecond(seed, queueFrames, loss)).Order().ElementAt(1);

    private static double MegabitsPerSecond(int seed, int queueFrames, double loss)
    {
        WireConditions conditions = new()
        {
            Rate = 12_500_000,
            Delay = TimeSpan.FromMilliseconds(5),
            Queue = queueFrames * Frame,
            Loss = loss,
        };
        SimulatedNetwork network = new(seed, conditions);
        TimeSpan time = new SimulatedTransfer(network, Octets, 0).Run(TimeSpan.FromMinutes(10));
        Assert.That(network.Left.Frames.Outstanding + network.Right.Frames.Outstanding, Is.Zero, $"seed {seed}: leaked");
        return 8e-6 * Octets / time.TotalSeconds;
    }

    private static double[] Numbers(string line) => [.. line
        .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(word => double.Parse(word, CultureInfo.InvariantCulture))];

    private static string Table(double[][] rows)
    {
        StringBuilder text = new(Reviewed.Split('\n')[0] + "\n");
        foreach (double[] row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"{row[0],5}");
            foreach (double cell in row.Skip(1))
                text.Append(CultureInfo.InvariantCulture, $" {cell,6:0.0}");
            text.Append('\n');
        }
        return text.ToString();
    }
}
