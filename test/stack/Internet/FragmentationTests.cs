using CsCheck;
using PacketDotNet;
using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Internet;

/// <summary>RFC 791 §3.2 and RFC 815, both ways.</summary>
public sealed class FragmentationTests
{
    [Test]
    public void Three_fragments_in_every_order_make_the_datagram()
    {
        byte[] payload = Pattern(3000);
        byte[][] fragments = Cut(payload, 1480);
        Assert.That(fragments, Has.Length.EqualTo(3));
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        foreach (int[] order in orders)
        {
            using var host = new TestHost();
            UdpSocket socket = Bound(host);
            foreach (int index in order)
                host.Hear(fragments[index]);
            Assert.That(TakeOne(socket), Is.EqualTo(payload), string.Join(',', order));
        }
    }

    [Test]
    public void Any_cut_in_any_order_with_duplicates_makes_the_datagram() =>
        Gen.Select(Gen.Int[1, 4000], Gen.Int[1, 60], Gen.Int).Sample((length, units, seed) =>
        {
            byte[] payload = Pattern(length);
            byte[][] fragments = Cut(payload, units * 8);
            if (fragments.Length == 1)
                return;
            using var host = new TestHost();
            UdpSocket socket = Bound(host);
            var random = new Random(seed);
            int[] order = [.. Enumerable.Range(0, fragments.Length)];
            random.Shuffle(order);
            for (int place = 0; place < order.Length; place++)
            {
                host.Hear(fragments[order[place]]);
                if (place < order.Length - 1 && random.Next(3) == 0)
                    host.Hear(fragments[order[random.Next(place + 1)]]);
            }
            Assert.That(TakeOne(socket), Is.EqualTo(payload));
        }, iter: 200);

    [Test]
    public void Overlapping_fragments_lose_the_whole_datagram()
    {
        using var host = new TestHost();
        UdpSocket socket = Bound(host);
        byte[] octets = new byte[64];
        host.Hear(TestHost.RawIp(17, octets[..32], more: true));
        host.Hear(TestHost.RawIp(17, octets[..32], offset: 24)); // 24..55 over 0..31
        Assert.That(host.Frames.Outstanding, Is.Zero);
        Assert.That(host.Stack.Counters.Dropped(DropReason.BadFragment), Is.EqualTo(2));
        Assert.That(socket.TryReceive(out _), Is.False);
    }

    [Test]
    public void A_fragment_beyond_65535_octets_is_refused()
    {
        using var host = new TestHost();
        host.Hear(TestHost.RawIp(17, new byte[400], offset: 65120)); // the ping of death
        Assert.That(host.Stack.Counters.Dropped(DropReason.BadFragment), Is.EqualTo(1));
    }

    [Test]
    public void After_30_s_the_datagram_is_given_up_and_the_sender_told()
    {
        using var host = new TestHost();
        host.MeetPeer();
        host.Hear(TestHost.RawIp(17, Pattern(64), more: true));
        host.Wait(29.9);
        Assert.That(host.Link.Sent, Is.Empty);
        host.Wait(0.1);
        IcmpV4Packet icmp = host.LastSent<IcmpV4Packet>();
        Assert.That((int)icmp.TypeCode, Is.EqualTo(0x0b01)); // time exceeded, in reassembly
        Assert.That(host.Frames.Outstanding, Is.Zero);
        Assert.That(host.Stack.Counters.Dropped(DropReason.ReassemblyTimeout), Is.EqualTo(1));
    }

    [Test]
    public void Without_the_first_fragment_the_sender_is_not_told()
    {
        using var host = new TestHost();
        host.MeetPeer();
        host.Hear(TestHost.RawIp(17, Pattern(64), offset: 64));
        host.Wait(31);
        Assert.That(host.Link.Sent, Is.Empty);
        Assert.That(host.Frames.Outstanding, Is.Zero);
    }

    [Test]
    public void Incomplete_datagrams_hold_bounded_memory()
    {
        using var host = new TestHost();
        for (int id = 0; id < 4000; id++)
            host.Hear(TestHost.RawIp(17, new byte[8], id: (ushort)id, more: true));
        Assert.That(host.Frames.Outstanding * host.Frames.FrameCapacity, Is.LessThanOrEqualTo(Reassembly.MaxOctets));
        Assert.That(host.Stack.Counters.Dropped(DropReason.ReassemblyMemoryFull), Is.EqualTo(4000 - 2048));
    }

    [Test]
    public void A_flood_of_fragments_of_any_kind_holds_bounded_memory_and_passes()
    {
        const int seed = 11;
        Random chance = new(seed);
        using var host = new TestHost();
        for (int count = 0; count < 30_000; count++)
        {
            byte[] payload = new byte[8 * chance.Next(1, 60)];
            byte protocol = (byte)(chance.Next(3) switch { 0 => 1, 1 => 6, _ => 17 });
            int offset = 8 * chance.Next(0, 8191);
            host.Hear(TestHost.RawIp(protocol, payload, id: (ushort)chance.Next(3000), offset: offset, more: chance.Next(4) > 0));
            int held = (host.Frames.Outstanding * host.Frames.FrameCapacity) +
                (host.Stack.Memory.LargeFrames.Outstanding * host.Stack.Memory.LargeFrames.FrameCapacity);
            Assert.That(held, Is.LessThanOrEqualTo(Reassembly.MaxOctets), $"seed {seed}");
        }
        host.Wait(40);
        Assert.That(host.Frames.Outstanding, Is.Zero, $"seed {seed}");
        UdpSocket socket = Bound(host);
        host.Hear(TestHost.Udp(1000, 9, [1]));
        Assert.That(socket.TryReceive(out Datagram datagram));
        datagram.Dispose();
    }

    [TestCase(1473)]
    [TestCase(9000)]
    [TestCase(UdpSocket.MaxPayload)]
    public void A_large_datagram_leaves_in_fragments_that_another_stack_joins(int length)
    {
        byte[] payload = Pattern(length);
        using var sender = new TestHost();
        sender.HearArp(ArpOperation.Request, TestHost.Peer, TestHost.Address);
        sender.Link.Sent.Clear();
        Assert.That(
            sender.OpenUdp().Send(payload, TestHost.Endpoint(TestHost.Peer, 9), sender.Now), Is.EqualTo(Errno.None));
        IPv4Packet[] packets = [.. sender.Link.Sent.Select(frame => TestHost.Parse(frame).Extract<IPv4Packet>())];
        Assert.That(packets.All(packet => packet.ValidIPChecksum && packet.TotalLength <= 1500), Is.True);
        Assert.That(packets.Select(packet => packet.Id).Distinct().Count(), Is.EqualTo(1));
        Assert.That(packets.SkipLast(1).All(packet => (packet.FragmentFlags & 1) == 1), Is.True);
        Assert.That(packets[^1].FragmentFlags & 1, Is.Zero);

        using var receiver = new TestHost();
        UdpSocket socket = Bound(receiver);
        foreach ((IPv4Packet packet, byte[] frame) in packets.Zip(sender.Link.Sent))
        {
            receiver.Hear(TestHost.RawIp(
                17,
                Redirect(packet, frame),
                id: packet.Id,
                offset: packet.FragmentOffset * 8,
                more: (packet.FragmentFlags & 1) == 1));
        }
        Assert.That(TakeOne(socket), Is.EqualTo(payload));
    }

    [Test]
    public void What_fits_has_DF_and_what_was_cut_has_not()
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = host.OpenUdp();
        socket.Send(new byte[1472], TestHost.Endpoint(TestHost.Peer, 9), host.Now);
        Assert.That(host.LastSent<IPv4Packet>().FragmentFlags, Is.EqualTo(2));
        socket.Send(new byte[1473], TestHost.Endpoint(TestHost.Peer, 9), host.Now);
        Assert.That(host.LastSent<IPv4Packet>().FragmentFlags & 2, Is.Zero);
    }

    /// <summary>The fragment's payload; of the first one with the UDP checksum left out, for the addresses change.</summary>
    private static byte[] Redirect(IPv4Packet packet, byte[] frame)
    {
        byte[] octets = frame[34..];
        if (packet.FragmentOffset == 0)
            octets[6] = octets[7] = 0;
        return octets;
    }

    private static byte[] Pattern(int length)
    {
        byte[] octets = new byte[length];
        new Random(length).NextBytes(octets);
        return octets;
    }

    private static UdpSocket Bound(TestHost host)
    {
        UdpSocket socket = host.OpenUdp();
        Assert.That(socket.Bind(TestHost.Endpoint("0.0.0.0", 9)), Is.EqualTo(Errno.None));
        return socket;
    }

    private static byte[] TakeOne(UdpSocket socket)
    {
        Assert.That(socket.TryReceive(out Datagram datagram), Is.True, "no datagram came");
        byte[] payload = datagram.Frame.Octets.ToArray();
        datagram.Dispose();
        return payload;
    }

    /// <summary>A UDP datagram from the peer to port 9 in fragments of so many octets.</summary>
    private static byte[][] Cut(byte[] payload, int octets)
    {
        byte[] datagram = TestHost.Udp(1000, 9, payload).Extract<UdpPacket>().Bytes;
        var fragments = new List<byte[]>();
        for (int offset = 0; offset < datagram.Length; offset += octets)
        {
            int length = int.Min(octets, datagram.Length - offset);
            fragments.Add(TestHost.RawIp(
                17, datagram[offset..(offset + length)], offset: offset, more: offset + length < datagram.Length));
        }
        return [.. fragments];
    }
}
