using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>The queue before the next hop, of which the link says how many frames it holds: no burst overruns it.</summary>
public class NextQueueTests
{
    private const int QueueFrames = 82;
    private const int FullFrame = 1514;

    [TestCase(0.03, 5_000_000)] // a local network: what is in flight fits
    [TestCase(5, 40_000_000)] // a long way behind the switch: every burst fits
    [TestCase(50, 40_000_000)]
    public void No_burst_exceeds_it(double delayMilliseconds, int octets)
    {
        SimulatedNetwork network = new(1, Conditions(delayMilliseconds));
        SimulatedTransfer transfer = new(network, octets, 0);
        transfer.Run(TimeSpan.FromMinutes(1));
        Assert.That(network.Left.Out.Overflowed, Is.Zero);
        Assert.That(transfer.RetransmittedSegments, Is.Zero);
    }

    [TestCase(0.03)]
    [TestCase(20)]
    public void After_an_idle_spell_too(double delayMilliseconds)
    {
        SimulatedNetwork network = new(1, Conditions(delayMilliseconds));
        (TcpSocket client, TcpSocket server) = Connect(network);
        for (int round = 0; round < 20; round++)
        {
            Transfer(network, client, server, 3_000_000);
            network.Run(TimeSpan.FromMilliseconds(150)); // less than a time-out: the window stays large
        }
        Assert.That(client.CongestionWindow, Is.GreaterThanOrEqualTo(QueueFrames * client.SegmentSize));
        Assert.That(network.Left.Out.Overflowed, Is.Zero);
    }

    [Test]
    public void Short_frames_count_as_frames()
    {
        SimulatedNetwork network = new(1, Conditions(0.03));
        (TcpSocket client, TcpSocket server) = Connect(network);
        client.NoDelay = true;
        int sent = network.Left.Out.Sent;
        for (int count = 0; count < 1000; count++)
        {
            client.GetSendSpan()[0] = 1;
            client.CommitSend(1, network.Now);
            network.Left.Turn(network.Now);
        }
        // Each octet in a frame of its own, as none waits for another; then no more until the queue has room.
        Assert.That(network.Left.Out.Sent - sent, Is.GreaterThan(5).And.LessThanOrEqualTo(QueueFrames));
        int received = 0;
        Assert.That(network.RunUntil(() => (received += Read(network, server)) == 1000, TimeSpan.FromSeconds(5)));
    }

    /// <summary>A switch that passes on a gigabit each second.</summary>
    private static WireConditions Conditions(double delayMilliseconds) => new()
    {
        Delay = TimeSpan.FromMilliseconds(delayMilliseconds),
        Rate = 150_000_000,
        Queue = QueueFrames * FullFrame,
        KnownQueue = QueueFrames,
    };

    private static (TcpSocket Client, TcpSocket Server) Connect(SimulatedNetwork network)
    {
        TcpSocket listener = network.Right.Stack.OpenTcp();
        IpEndpoint address = new(network.Right.Address, 80);
        Assert.That(listener.Bind(address), Is.EqualTo(Errno.None));
        Assert.That(listener.Listen(4), Is.EqualTo(Errno.None));
        TcpSocket client = network.Left.Stack.OpenTcp();
        Assert.That(client.Connect(address, network.Now), Is.EqualTo(Errno.None));
        TcpSocket? server = null;
        Assert.That(network.RunUntil(() => listener.TryAccept(out server), TimeSpan.FromSeconds(5)));
        return (client, server!);
    }

    private static void Transfer(SimulatedNetwork network, TcpSocket client, TcpSocket server, int octets)
    {
        int unwritten = octets;
        int received = 0;
        bool isDone = network.RunUntil(
            () =>
            {
                for (Span<byte> span; unwritten > 0 && (span = client.GetSendSpan()).Length > 0;)
                {
                    int length = Math.Min(unwritten, span.Length);
                    span[..length].Clear();
                    client.CommitSend(length, network.Now);
                    unwritten -= length;
                }
                received += Read(network, server);
                return received == octets;
            },
            TimeSpan.FromSeconds(30));
        Assert.That(isDone, $"stalled after {received} octets");
    }

    private static int Read(SimulatedNetwork network, TcpSocket server)
    {
        int length = server.ReceivedOctets;
        if (length > 0)
            server.Consume(length, network.Now);
        return length;
    }
}
