using CsCheck;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Whole transfers between stacks whose link takes super-segments.</summary>
public class SuperSegmentTransferTests
{
    private const int MaxSuperSegment = 65535;

    private static readonly WireConditions InProcess = new()
    {
        Delay = TimeSpan.FromMicroseconds(20),
        MaxSuperSegment = MaxSuperSegment,
    };

    [Test]
    public void A_wire_inside_a_process_carries_super_segments_without_checksums()
    {
        SimulatedNetwork network = new(1, InProcess);
        new SimulatedTransfer(network, 20_000_000, 0).Run(TimeSpan.FromSeconds(5));
        SimulatedWire wire = network.Left.Out;
        Assert.That(wire.SuperSegments, Is.GreaterThan(300).And.EqualTo(wire.SuperSegmentsReceived));
        Assert.That(wire.Sent, Is.LessThan(1000), "20 MB are 13,700 segments, but some hundred frames");
        Assert.That(wire.LackedChecksum, Is.GreaterThan(wire.SuperSegments));
        Assert.That(wire.Attached, Is.GreaterThan(300), "payload goes by reference");
        AssertNothingLeaks(network);
    }

    [Test]
    public void A_wire_that_splits_and_joins_carries_full_frames_with_checksums()
    {
        SimulatedNetwork network = new(1, InProcess with { IsSplit = true });
        new SimulatedTransfer(network, 20_000_000, 0).Run(TimeSpan.FromSeconds(5));
        SimulatedWire wire = network.Left.Out;
        Assert.That(wire.Sent, Is.GreaterThan(13_000));
        Assert.That(wire.LackedChecksum, Is.Zero);
        Assert.That(wire.SuperSegments, Is.GreaterThan(300));
        Assert.That(wire.SuperSegmentsReceived, Is.GreaterThan(300));
        AssertNothingLeaks(network);
    }

    [Test]
    public void Every_octet_arrives_though_super_segments_are_lost_or_overtaken() =>
        Gen.Select(Gen.Int[0, 1_000_000], Gen.Double[0, 0.08], Gen.Double[0, 0.08], Gen.Double[0, 0.05], Gen.Int[3000, 65535])
            .Sample(
                (seed, loss, reorder, duplicate, largest) =>
                {
                    SimulatedNetwork network = new(seed, new WireConditions
                    {
                        Loss = loss,
                        Reorder = reorder,
                        Duplicate = duplicate,
                        MaxSuperSegment = largest,
                    });
                    new SimulatedTransfer(network, 2_000_000, 300_000).Run(TimeSpan.FromMinutes(10));
                    Assert.That(network.Left.Out.SuperSegments, Is.GreaterThan(10));
                    AssertNothingLeaks(network);
                },
                iter: 30, threads: 1);

    [Test]
    public void Every_octet_arrives_through_a_bad_wire_that_splits_and_joins() =>
        Gen.Select(Gen.Int[0, 1_000_000], Gen.Double[0, 0.05], Gen.Double[0, 0.05], Gen.Double[0, 0.03], Gen.Double[0, 0.03])
            .Sample(
                (seed, loss, reorder, duplicate, corrupt) =>
                {
                    SimulatedNetwork network = new(seed, new WireConditions
                    {
                        Loss = loss,
                        Reorder = reorder,
                        Duplicate = duplicate,
                        Corrupt = corrupt,
                        Rate = 12_500_000,
                        Queue = 100_000,
                        MaxSuperSegment = MaxSuperSegment,
                        IsSplit = true,
                    });
                    new SimulatedTransfer(network, 300_000, 100_000).Run(TimeSpan.FromMinutes(10));
                    AssertNothingLeaks(network);
                },
                iter: 30, threads: 1);

    [Test]
    public void Bulk_transfer_allocates_nothing([Values] bool isSplit)
    {
        SimulatedNetwork network = new(4, new WireConditions
        {
            Delay = TimeSpan.FromMicroseconds(100),
            Rate = 1_250_000_000,
            Queue = 600_000,
            MaxSuperSegment = MaxSuperSegment,
            IsSplit = isSplit,
        });
        SimulatedTransfer transfer = new(network, 150_000_000, 0);
        Assert.That(network.RunUntil(() => network.Left.Out.SuperSegments > 1000, TimeSpan.FromSeconds(10)));
        long before = network.Left.AllocatedOctets + network.Right.AllocatedOctets;
        int sent = network.Left.Out.SuperSegments;
        Assert.That(network.RunUntil(() => network.Left.Out.SuperSegments > sent + 1000, TimeSpan.FromSeconds(10)));
        Assert.That(network.Left.AllocatedOctets + network.Right.AllocatedOctets - before, Is.Zero);
        transfer.Run(TimeSpan.FromSeconds(30));
    }

    private static void AssertNothingLeaks(SimulatedNetwork network)
    {
        network.Run(TimeSpan.FromMinutes(3)); // TIME-WAIT and all that waits for it
        network.Left.Stack.ShutDown();
        network.Right.Stack.ShutDown();
        Assert.That(network.Left.Outstanding + network.Right.Outstanding, Is.Zero, $"seed {network.Seed}: leaked");
    }
}
