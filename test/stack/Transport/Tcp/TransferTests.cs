using CsCheck;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Whole transfers over a wire that misbehaves: every octet arrives, in order, and nothing stalls or leaks.</summary>
public class TransferTests
{
    [Test]
    public void A_good_wire_is_quick()
    {
        SimulatedNetwork network = new(1, new WireConditions());
        TimeSpan time = new SimulatedTransfer(network, 1_000_000, 1_000_000).Run(TimeSpan.FromSeconds(5));
        Assert.That(time, Is.LessThan(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public void Every_octet_arrives_whatever_the_wire_does() =>
        Gen.Select(Gen.Int[0, 1_000_000], Gen.Double[0, 0.08], Gen.Double[0, 0.08], Gen.Double[0, 0.05], Gen.Double[0, 0.05])
            .Sample(
                (seed, loss, reorder, duplicate, corrupt) =>
                {
                    WireConditions conditions = new()
                    {
                        Loss = loss,
                        Reorder = reorder,
                        Duplicate = duplicate,
                        Corrupt = corrupt,
                        Jitter = TimeSpan.FromMilliseconds(1),
                    };
                    SimulatedNetwork network = new(seed, conditions);
                    new SimulatedTransfer(network, 200_000, 50_000).Run(TimeSpan.FromMinutes(10));
                },
                iter: 60, threads: 1);

    [Test]
    public void No_frame_is_lost_to_the_pool([Values(0, 0.05)] double loss)
    {
        SimulatedNetwork network = new(3, new WireConditions { Loss = loss });
        new SimulatedTransfer(network, 500_000, 500_000).Run(TimeSpan.FromMinutes(5));
        network.Run(TimeSpan.FromMinutes(3)); // TIME-WAIT and all that waits for it
        network.Left.Stack.ShutDown();
        network.Right.Stack.ShutDown();
        Assert.That(network.Left.Frames.Outstanding + network.Right.Frames.Outstanding, Is.Zero);
    }

    [Test]
    public void Bulk_transfer_allocates_nothing()
    {
        SimulatedNetwork network = new(4, new WireConditions { Rate = 125_000_000, Queue = 1_000_000 });
        SimulatedTransfer transfer = new(network, 60_000_000, 0);
        Assert.That(network.RunUntil(() => network.Left.Out.Sent > 15_000, TimeSpan.FromSeconds(10)));
        long before = network.Left.AllocatedOctets + network.Right.AllocatedOctets;
        int sent = network.Left.Out.Sent;
        Assert.That(network.RunUntil(() => network.Left.Out.Sent > sent + 10_000, TimeSpan.FromSeconds(10)));
        long allocated = network.Left.AllocatedOctets + network.Right.AllocatedOctets - before;
        Assert.That(allocated, Is.Zero);
        transfer.Run(TimeSpan.FromSeconds(30));
    }
}
