using CsCheck;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

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

    [Test]
    public void Every_octet_arrives_through_long_and_slow_wires_with_small_queues() =>
        Gen.Select(
            Gen.Int[0, 1_000_000], Gen.Int[20, 60_000], Gen.Int[50_000, 12_500_000], Gen.Int[3, 60], Gen.Int[576, 1500],
            Gen.Double[0, 0.03]).Sample(
                (seed, delayMicroseconds, rate, queueFrames, mtu, loss) =>
                {
                    WireConditions conditions = new()
                    {
                        Delay = TimeSpan.FromMicroseconds(delayMicroseconds),
                        Rate = rate,
                        Queue = queueFrames * (mtu + 14),
                        Mtu = mtu,
                        Loss = loss,
                        Reorder = loss,
                        Duplicate = loss,
                        Corrupt = loss,
                    };
                    SimulatedNetwork network = new(seed, conditions);
                    new SimulatedTransfer(network, 150_000, 60_000).Run(TimeSpan.FromMinutes(20));
                    network.Run(TimeSpan.FromMinutes(3));
                    return network.Left.Frames.Outstanding + network.Right.Frames.Outstanding == 0;
                },
                iter: 60, threads: 1);

    [TestCase(0)]
    [TestCase(0.01)]
    public void Bulk_transfer_both_ways_allocates_nothing(double loss)
    {
        SimulatedNetwork network = new(5, new WireConditions { Rate = 125_000_000, Queue = 1_000_000, Loss = loss });
        SimulatedTransfer transfer = new(network, 60_000_000, 60_000_000);
        Assert.That(network.RunUntil(() => network.Left.Out.Sent > 25_000, TimeSpan.FromSeconds(60)));
        long before = network.Left.AllocatedOctets + network.Right.AllocatedOctets;
        int sent = network.Left.Out.Sent;
        Assert.That(network.RunUntil(() => network.Left.Out.Sent > sent + 10_000, TimeSpan.FromSeconds(60)));
        Assert.That(network.Left.AllocatedOctets + network.Right.AllocatedOctets - before, Is.Zero);
        if (loss > 0)
            Assert.That(network.Left.Out.Lost, Is.GreaterThan(100));
        transfer.Run(TimeSpan.FromMinutes(5));
    }

    [Test]
    public void Requests_and_answers_allocate_nothing()
    {
        SimulatedNetwork network = new(6, new WireConditions { Delay = TimeSpan.FromMicroseconds(50) });
        int answers = 0;
        network.Right.OnChanged = (socket, now) => Answer((TcpSocket)socket, now);
        network.Left.OnChanged = (socket, now) => answers += Answer((TcpSocket)socket, now);
        IpEndpoint server = new(network.Right.Address, 80);
        TcpSocket listener = network.Right.Stack.OpenTcp();
        Assert.That(listener.Bind(server), Is.EqualTo(Errno.None));
        Assert.That(listener.Listen(4), Is.EqualTo(Errno.None));
        TcpSocket client = network.Left.Stack.OpenTcp();
        Assert.That(client.Connect(server, network.Now), Is.EqualTo(Errno.None));
        Assert.That(network.RunUntil(() => listener.TryAccept(out _), TimeSpan.FromSeconds(5)));

        client.GetSendSpan()[0] = 1;
        client.CommitSend(1, network.Now);
        Assert.That(network.RunUntil(() => answers > 500, TimeSpan.FromSeconds(60)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isDone = network.RunUntil(() => answers > 5500, TimeSpan.FromSeconds(60));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(isDone);
        Assert.That(allocated, Is.LessThan(1000)); // the closure of this test's own last condition, and nothing for a packet
        listener.Abort(network.Now);
    }

    /// <summary>Sends as many octets back as have come.</summary>
    private static int Answer(TcpSocket socket, Instant now)
    {
        socket.TakeEvents();
        int received = socket.ReceivedOctets;
        if (received == 0)
            return 0;
        socket.Consume(received, now);
        socket.GetSendSpan()[..received].Clear();
        socket.CommitSend(received, now);
        return 1;
    }
}
