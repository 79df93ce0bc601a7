using System.Buffers.Binary;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests;

/// <summary>Whether the simulated wire does what it says, seen through UDP, which repairs nothing.</summary>
public class SimulatedNetworkTests
{
    private const int Datagrams = 1000;

    [Test]
    public void A_good_wire_brings_every_datagram_in_order()
    {
        List<int> received = Flood(new WireConditions(), out SimulatedNetwork network);
        Assert.That(received, Is.EqualTo(Enumerable.Range(0, Datagrams)));
        Assert.That(network.Right.Frames.Outstanding + network.Left.Frames.Outstanding, Is.Zero);
    }

    [Test]
    public void Jitter_keeps_the_order() =>
        Assert.That(Flood(new() { Jitter = TimeSpan.FromMilliseconds(9) }, out _), Is.Ordered.And.Count.EqualTo(Datagrams));

    [Test]
    public void A_lossy_wire_loses_its_share()
    {
        List<int> received = Flood(new() { Loss = 0.1 }, out _);
        Assert.That(received, Is.Ordered);
        Assert.That(received, Has.Count.InRange(850, 950));
    }

    [Test]
    public void A_reordering_wire_loses_nothing()
    {
        List<int> received = Flood(new() { Reorder = 0.1 }, out _);
        Assert.That(received, Is.Not.Ordered);
        Assert.That(received, Is.EquivalentTo(Enumerable.Range(0, Datagrams)));
    }

    [Test]
    public void A_duplicating_wire_repeats_its_share()
    {
        List<int> received = Flood(new() { Duplicate = 0.1 }, out _);
        Assert.That(received, Has.Count.InRange(1050, 1150));
        Assert.That(received.Distinct(), Is.EqualTo(Enumerable.Range(0, Datagrams)));
    }

    [Test]
    public void A_flipped_bit_never_reaches_the_program()
    {
        // Flood() looks at every octet of what arrives.
        List<int> received = Flood(new() { Corrupt = 0.5 }, out SimulatedNetwork network);
        Assert.That(network.Left.Out.Corrupted, Is.GreaterThan(400));
        Assert.That(received, Has.Count.InRange(Datagrams - network.Left.Out.Corrupted, Datagrams - 400));
        Assert.That(network.Right.Frames.Outstanding, Is.Zero);
    }

    [Test]
    public void A_full_queue_drops()
    {
        List<int> received = Flood(new() { Rate = 1_000_000, Queue = 20_000 }, out SimulatedNetwork network);
        Assert.That(network.Left.Out.Overflowed, Is.GreaterThan(0));
        Assert.That(received, Has.Count.EqualTo(Datagrams - network.Left.Out.Overflowed));
    }

    [Test]
    public void The_same_seed_gives_the_same_run()
    {
        WireConditions conditions = new() { Loss = 0.2, Reorder = 0.2, Duplicate = 0.2, Corrupt = 0.2 };
        List<int> first = Flood(conditions, out _);
        List<int> second = Flood(conditions, out _);
        Assert.That(second, Is.EqualTo(first));
    }

    /// <summary>Sends numbered datagrams from left to right, ten in each millisecond.</summary>
    private static List<int> Flood(WireConditions conditions, out SimulatedNetwork network)
    {
        SimulatedNetwork joined = new(seed: 7, conditions);
        network = joined;
        List<int> received = [];
        UdpSocket receiver = joined.Right.Stack.OpenUdp();
        Assert.That(receiver.Bind(new IpEndpoint(joined.Right.Address, 9)), Is.EqualTo(Errno.None));
        joined.Right.OnChanged = (socket, _) =>
        {
            if (socket != receiver)
                return;
            receiver.TakeEvents();
            while (receiver.TryReceive(out Datagram datagram))
            {
                using (datagram)
                    received.Add(Number(datagram.Frame.Octets));
            }
        };
        UdpSocket sender = joined.Left.Stack.OpenUdp();
        byte[] payload = new byte[500];
        for (int number = 0; number < Datagrams; number++)
        {
            payload.AsSpan().Fill((byte)number);
            BinaryPrimitives.WriteInt32BigEndian(payload, number);
            IpEndpoint destination = new(joined.Right.Address, 9);
            Assert.That(sender.Send(payload, destination, joined.Now), Is.EqualTo(Errno.None));
            // The first packets wait for ARP, whose queue is short.
            joined.Run(TimeSpan.FromMilliseconds(number == 0 ? 5000 : number % 10 == 0 ? 1 : 0));
        }
        joined.Run(TimeSpan.FromSeconds(20));
        sender.Close();
        receiver.Close();
        return received;
    }

    private static int Number(ReadOnlySpan<byte> payload)
    {
        int number = BinaryPrimitives.ReadInt32BigEndian(payload);
        Assert.That(payload.Length, Is.EqualTo(500));
        Assert.That(payload[4..].ContainsAnyExcept((byte)number), Is.False, "a flipped bit came through");
        return number;
    }
}
