using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>A link much slower than the first windows: what the queue before it drops is sent again, and nothing else.</summary>
public class SlowLinkTests
{
    private const int Octets = 1_000_000;

    [TestCase(125_000, 10, 65_536)]
    [TestCase(125_000, 10, 30_000)]
    [TestCase(125_000, 10, 150_000)]
    [TestCase(625_000, 20, 65_536)]
    public void Only_what_was_lost_is_sent_again(int octetsPerSecond, int delayMilliseconds, int queueOctets)
    {
        WireConditions conditions = new()
        {
            Rate = octetsPerSecond,
            Delay = TimeSpan.FromMilliseconds(delayMilliseconds),
            Queue = queueOctets,
        };
        SimulatedNetwork network = new(1, conditions);
        SimulatedTransfer transfer = new(network, Octets, 0);
        TimeSpan time = transfer.Run(TimeSpan.FromMinutes(2));
        long again = transfer.RetransmittedSegments;
        Assert.That(again, Is.EqualTo(network.Left.Out.Overflowed));
        Assert.That(again, Is.LessThan(25), "slow start ends before the queue is full many times over");
        Assert.That(8.0 * Octets / time.TotalSeconds, Is.GreaterThan(0.85 * 8 * octetsPerSecond), "the link is used");
    }
}
