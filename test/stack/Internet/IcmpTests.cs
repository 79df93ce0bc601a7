using System.Buffers.Binary;
using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Internet;

/// <summary>RFC 792 and RFC 1122 §3.2.2.</summary>
public sealed class IcmpTests
{
    [TestCase(0)]
    [TestCase(56)]
    [TestCase(1472)]
    [TestCase(8000)]
    [TestCase(65507)]
    public void A_ping_of_any_size_is_answered_with_the_same_data(int length)
    {
        using var host = new TestHost();
        host.MeetPeer();
        byte[] request = Message(IcmpType.EchoRequest, 0, 0x1234_0007, new byte[length].Select((_, i) => (byte)i));
        for (int offset = 0; offset < request.Length; offset += 1480)
        {
            int end = int.Min(offset + 1480, request.Length);
            host.Hear(TestHost.RawIp(1, request[offset..end], offset: offset, more: end < request.Length));
        }
        byte[] reply = [.. host.Link.Sent.SelectMany(frame => TestHost.Parse(frame).Extract<IPv4Packet>() is var ip
            ? ip.Bytes[20..ip.TotalLength] : [])];
        Assert.That(reply[0], Is.EqualTo(IcmpType.EchoReply));
        Assert.That(reply[4..], Is.EqualTo(request[4..]));
        Assert.That(Checksum.IsValid(Checksum.Add(reply)), Is.True);
        Assert.That(host.LastSent<IPv4Packet>().SourceAddress.ToString(), Is.EqualTo(TestHost.Address));
        Assert.That(host.LastSent<IPv4Packet>().DestinationAddress.ToString(), Is.EqualTo(TestHost.Peer));
    }

    [Test]
    public void A_broadcast_ping_and_one_with_a_wrong_checksum_stay_unanswered()
    {
        using var host = new TestHost();
        host.MeetPeer();
        byte[] request = Message(IcmpType.EchoRequest, 0, 7, new byte[8]);
        host.Hear(TestHost.RawIp(1, request, destination: "10.40.0.255"));
        Assert.That(host.Stack.Counters.Dropped(DropReason.IgnoredIcmp), Is.EqualTo(1));
        request[^1] ^= 1;
        host.Hear(TestHost.RawIp(1, request));
        Assert.That(host.Stack.Counters.Dropped(DropReason.BadIcmpChecksum), Is.EqualTo(1));
        Assert.That(host.Link.Sent, Is.Empty);
    }

    [Test]
    public void A_datagram_for_a_closed_port_is_answered_with_port_unreachable_and_its_beginning()
    {
        using var host = new TestHost();
        host.MeetPeer();
        EthernetPacket datagram = TestHost.Udp(1000, 9, new byte[1000]);
        IPv4Packet sent = datagram.Extract<IPv4Packet>();
        sent.FragmentFlags = 2; // DF, as every Linux sender sets it
        sent.UpdateIPChecksum();
        byte[] frame = datagram.Bytes;
        host.Hear(frame);
        IPv4Packet ip = host.LastSent<IPv4Packet>();
        IcmpV4Packet icmp = host.LastSent<IcmpV4Packet>();
        Assert.That(icmp.TypeCode, Is.EqualTo(IcmpV4TypeCode.UnreachablePort));
        Assert.That(ip.TotalLength, Is.EqualTo(576));
        byte[] quote = ip.Bytes[28..576];
        Assert.That(quote, Is.EqualTo(frame[14..(14 + quote.Length)]), "the packet as it was sent");
    }

    [Test]
    public void An_unknown_protocol_is_answered_with_protocol_unreachable()
    {
        using var host = new TestHost();
        host.MeetPeer();
        host.Hear(TestHost.RawIp(132, new byte[20]));
        Assert.That(host.LastSent<IcmpV4Packet>().TypeCode, Is.EqualTo(IcmpV4TypeCode.UnreachableProtocol));
    }

    [Test]
    public void A_datagram_to_all_is_never_answered_with_an_error()
    {
        using var host = new TestHost();
        host.MeetPeer();
        host.Hear(TestHost.Udp(1000, 9, [1], destination: "10.40.0.255"));
        host.Hear(TestHost.Udp(1000, 9, [1], destination: "255.255.255.255"));
        Assert.That(host.Link.Sent, Is.Empty);
    }

    [Test]
    public void Errors_to_one_host_are_six_at_once_and_then_one_a_second()
    {
        using var host = new TestHost();
        host.MeetPeer();
        for (int count = 0; count < 20; count++)
            host.Hear(TestHost.Udp(1000, 9, [1]));
        Assert.That(host.Link.Sent, Has.Count.EqualTo(6));
        Assert.That(host.Stack.Counters.Dropped(DropReason.IcmpRateLimited), Is.EqualTo(14));
        host.Wait(1);
        host.Hear(TestHost.Udp(1000, 9, [1]));
        host.Hear(TestHost.Udp(1000, 9, [1]));
        Assert.That(host.Link.Sent, Has.Count.EqualTo(7));
    }

    [TestCase(3, 3, Errno.ECONNREFUSED)]
    [TestCase(3, 2, Errno.ENOPROTOOPT)]
    [TestCase(3, 6, Errno.ENETUNREACH)]
    [TestCase(3, 7, Errno.EHOSTDOWN)]
    [TestCase(3, 10, Errno.EHOSTUNREACH)]
    [TestCase(3, 13, Errno.EHOSTUNREACH)]
    [TestCase(12, 0, Errno.EPROTO)]
    [TestCase(3, 0, Errno.None)] // network and host unreachable may pass: UDP is not told (Linux's table)
    [TestCase(3, 1, Errno.None)]
    [TestCase(11, 0, Errno.None)]
    public void An_error_reaches_the_connected_socket_as_Linuxs_errno(int type, int code, Errno expected)
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = host.OpenUdp();
        socket.Connect(TestHost.Endpoint(TestHost.Peer, 9));
        socket.Send([1], null, host.Now);
        byte[] quoted = host.Link.Sent[^1][14..];
        host.Hear(TestHost.RawIp(1, Message((byte)type, (byte)code, 0, quoted)));
        Assert.That(socket.TakeEvents().HasFlag(SocketEvents.Failed), Is.EqualTo(expected != Errno.None));
        Assert.That(socket.Send([2], null, host.Now), Is.EqualTo(expected));
        Assert.That(socket.Send([2], null, host.Now), Is.EqualTo(Errno.None), "an error is told once");
    }

    [Test]
    public void An_unconnected_socket_hears_of_no_error()
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = host.OpenUdp();
        socket.Send([1], TestHost.Endpoint(TestHost.Peer, 9), host.Now);
        host.Hear(TestHost.RawIp(1, Message(3, 3, 0, host.Link.Sent[^1][14..])));
        Assert.That(socket.TakeError(), Is.EqualTo(Errno.None));
    }

    [TestCase(3, 3, 0u, Errno.ECONNREFUSED)]
    [TestCase(3, 1, 0u, Errno.EHOSTUNREACH)]
    [TestCase(3, 4, 1000u, Errno.EMSGSIZE)]
    [TestCase(11, 0, 0u, Errno.EHOSTUNREACH)]
    public void Who_wants_to_see_errors_one_by_one_sees_all_of_them_with_what_they_say(int type, int code, uint mtu, Errno expected)
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = host.OpenUdp();
        socket.QueuesErrors = true;
        socket.Send([1, 2, 3], TestHost.Endpoint(TestHost.Peer, 9), host.Now);
        host.Hear(TestHost.RawIp(1, Message((byte)type, (byte)code, mtu, host.Link.Sent[^1][14..])));

        Assert.That(socket.TakeEvents().HasFlag(SocketEvents.Failed), Is.True);
        Assert.That(socket.TryTakeError(out DatagramError? error), Is.True);
        Assert.That((error!.Errno, error.Type, error.Code, error.Mtu), Is.EqualTo((expected, (byte)type, (byte)code, (int)mtu)));
        Assert.That(error.Offender, Is.EqualTo(IpAddress.Parse(TestHost.Peer)));
        Assert.That(error.Destination, Is.EqualTo(TestHost.Endpoint(TestHost.Peer, 9)));
        Assert.That(error.Payload, Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(socket.TakeError(), Is.EqualTo(Errno.None), "it is known");
        Assert.That(socket.TryTakeError(out _), Is.False);
    }

    [Test]
    public void Errors_that_nobody_takes_are_bounded_and_the_next_one_shows_when_one_is_taken()
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = host.OpenUdp();
        socket.QueuesErrors = true;
        socket.Send([1], TestHost.Endpoint(TestHost.Peer, 9), host.Now);
        byte[] quoted = host.Link.Sent[^1][14..];
        for (int count = 0; count < UdpSocket.MostQueuedErrors + 10; count++)
            host.Hear(TestHost.RawIp(1, Message(3, 3, 0, quoted)));
        for (int count = 1; count <= UdpSocket.MostQueuedErrors; count++)
        {
            Assert.That(socket.TryTakeError(out _), Is.True);
            Assert.That(socket.TakeError(), Is.EqualTo(count < UdpSocket.MostQueuedErrors ? Errno.ECONNREFUSED : Errno.None));
        }
        Assert.That(socket.TryTakeError(out _), Is.False);
    }

    [Test]
    public void Fragmentation_needed_makes_later_datagrams_smaller_for_ten_minutes()
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = host.OpenUdp();
        socket.Connect(TestHost.Endpoint(TestHost.Peer, 9));
        socket.Send(new byte[1400], null, host.Now);
        host.Hear(TestHost.RawIp(1, Message(3, 4, 1000, host.Link.Sent[^1][14..])));
        Assert.That(socket.TakeError(), Is.EqualTo(Errno.EMSGSIZE));
        Assert.That(FramesFor(host, socket, 1400), Is.EqualTo(2));
        host.Wait(601);
        host.MeetPeer(); // ten minutes without a word made it stale
        Assert.That(FramesFor(host, socket, 1400), Is.EqualTo(1));
    }

    [Test]
    public void An_error_about_a_packet_that_no_socket_sent_changes_nothing()
    {
        using var host = new TestHost();
        host.MeetPeer();
        byte[] forged = TestHost.RawIp(17, new byte[1000], TestHost.Address, TestHost.Peer)[14..];
        host.Hear(TestHost.RawIp(1, Message(3, 4, 600, forged)));
        Assert.That(FramesFor(host, host.OpenUdp(), 1400), Is.EqualTo(1));
    }

    private static int FramesFor(TestHost host, UdpSocket socket, int length)
    {
        int before = host.Link.Sent.Count;
        Assert.That(
            socket.Send(new byte[length], TestHost.Endpoint(TestHost.Peer, 9), host.Now), Is.EqualTo(Errno.None));
        return host.Link.Sent.Count - before;
    }

    private static byte[] Message(byte type, byte code, uint rest, IEnumerable<byte> payload)
    {
        byte[] message = [0, 0, 0, 0, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), rest);
        IcmpHeader.Write(message, type, code);
        return message;
    }
}
