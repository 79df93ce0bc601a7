using System.Buffers.Binary;
using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport;

/// <summary>RFC 792's echo under the sockets API, as Linux has it (icmp(7), net/ipv4/ping.c).</summary>
public sealed class EchoSocketTests
{
    private static readonly IpEndpoint Peer = TestHost.Endpoint(TestHost.Peer, 0);

    [Test]
    public void A_request_leaves_with_the_sockets_identifier_and_a_checksum()
    {
        using var host = new TestHost();
        host.MeetPeer();
        EchoSocket socket = Bind(host, TestHost.Address, 0x1234);
        socket.TimeToLive = 9;
        Assert.That(socket.Send(Request(0x9999, 3, [1, 2, 3]), Peer, host.Now), Is.EqualTo(Errno.None));
        IcmpV4Packet icmp = host.LastSent<IcmpV4Packet>();
        Assert.That((icmp.TypeCode, icmp.Id, icmp.Sequence), Is.EqualTo((IcmpV4TypeCode.EchoRequest, (ushort)0x1234, (ushort)3)));
        Assert.That(icmp.Data, Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(Checksum.IsValid(Checksum.Add(icmp.Bytes)), Is.True);
        Assert.That(host.LastSent<IPv4Packet>().TimeToLive, Is.EqualTo(9));
        Assert.That(host.LastSent<IPv4Packet>().DestinationAddress.ToString(), Is.EqualTo(TestHost.Peer));
    }

    [Test]
    public void A_reply_arrives_whole_at_the_socket_that_has_asked_and_at_no_other()
    {
        using var host = new TestHost();
        EchoSocket socket = Bind(host, "0.0.0.0", 7);
        EchoSocket other = Bind(host, "0.0.0.0", 8);
        byte[] reply = Reply(7, 1, [4, 5]);
        host.Hear(TestHost.RawIp(IpProtocol.Icmp, reply));
        Assert.That(other.TryReceive(out _), Is.False);
        Assert.That(socket.TryReceive(out Datagram datagram), Is.True);
        Assert.That(datagram.Frame.Octets.ToArray(), Is.EqualTo(reply));
        Assert.That(datagram.Source, Is.EqualTo(Peer));
        Assert.That(datagram.TimeToLive, Is.EqualTo(64));
        datagram.Dispose();
    }

    [Test]
    public void Requests_of_others_are_answered_and_come_to_no_socket()
    {
        using var host = new TestHost();
        host.MeetPeer();
        EchoSocket socket = Bind(host, "0.0.0.0", 7);
        host.Hear(TestHost.RawIp(IpProtocol.Icmp, Request(7, 1, [1])));
        Assert.That(host.LastSent<IcmpV4Packet>().TypeCode, Is.EqualTo(IcmpV4TypeCode.EchoReply));
        Assert.That(socket.TryReceive(out _), Is.False);
    }

    [Test]
    public void A_reply_that_nobody_waits_for_and_a_damaged_one_are_dropped()
    {
        using var host = new TestHost();
        EchoSocket elsewhere = Bind(host, "127.0.0.1", 7);
        byte[] reply = Reply(7, 1, [1]);
        host.Hear(TestHost.RawIp(IpProtocol.Icmp, reply));
        Assert.That(host.Stack.Counters.Dropped(DropReason.IgnoredIcmp), Is.EqualTo(1));
        reply[^1] ^= 1;
        host.Hear(TestHost.RawIp(IpProtocol.Icmp, reply));
        Assert.That(host.Stack.Counters.Dropped(DropReason.BadIcmpChecksum), Is.EqualTo(1));
        Assert.That(elsewhere.TryReceive(out _), Is.False);
    }

    [TestCase("127.0.0.1")]
    [TestCase(TestHost.Address)]
    public void A_host_answers_itself(string address)
    {
        using var host = new TestHost();
        EchoSocket socket = host.OpenEcho();
        Assert.That(socket.Send(Request(1, 1, [1, 2]), TestHost.Endpoint(address, 0), host.Now), Is.EqualTo(Errno.None));
        host.Turn();
        Assert.That(socket.TryReceive(out Datagram datagram), Is.True);
        byte[] reply = datagram.Frame.Octets.ToArray();
        Assert.That(reply[0], Is.EqualTo(IcmpType.EchoReply));
        Assert.That(BinaryPrimitives.ReadUInt16BigEndian(reply.AsSpan(4)), Is.EqualTo(socket.Local.Port).And.Not.Zero);
        datagram.Dispose();
    }

    [TestCase(0, 0)]
    [TestCase(8, 1)]
    [TestCase(13, 0)]
    public void Only_echo_requests_are_sent(int type, int code)
    {
        using var host = new TestHost();
        host.MeetPeer();
        byte[] message = Request(1, 1, []);
        (message[0], message[1]) = ((byte)type, (byte)code);
        Assert.That(host.OpenEcho().Send(message, Peer, host.Now), Is.EqualTo(Errno.EINVAL));
        Assert.That(host.OpenEcho().Send(Request(1, 1, []).AsSpan(0, 7), Peer, host.Now), Is.EqualTo(Errno.EINVAL));
        Assert.That(host.Link.Sent, Is.Empty);
    }

    [Test]
    public void Sockets_share_an_identifier_unless_one_does_not_want_to_and_the_newest_gets_the_reply()
    {
        using var host = new TestHost();
        EchoSocket first = Bind(host, "0.0.0.0", 7);
        EchoSocket second = Bind(host, TestHost.Address, 7);
        host.Hear(TestHost.RawIp(IpProtocol.Icmp, Reply(7, 1, [])));
        Assert.That(first.TryReceive(out _), Is.False);
        Assert.That(second.TryReceive(out Datagram datagram), Is.True);
        datagram.Dispose();
        EchoSocket third = host.OpenEcho();
        third.ReuseAddress = false;
        Assert.That(third.Bind(TestHost.Endpoint(TestHost.Address, 7)), Is.EqualTo(Errno.EADDRINUSE));
        Assert.That(host.OpenUdp().Bind(TestHost.Endpoint("0.0.0.0", 7)), Is.EqualTo(Errno.None), "UDP's ports are others");
    }

    [TestCase("10.40.0.255")]
    [TestCase("255.255.255.255")]
    [TestCase("224.0.0.1")]
    [TestCase("10.40.0.33")]
    public void Only_own_addresses_are_bound_to(string address)
    {
        using var host = new TestHost();
        Assert.That(host.OpenEcho().Bind(TestHost.Endpoint(address, 7)), Is.EqualTo(Errno.EADDRNOTAVAIL));
    }

    [Test]
    public void A_reply_to_all_is_for_nobody()
    {
        using var host = new TestHost();
        EchoSocket socket = Bind(host, "0.0.0.0", 7);
        host.Hear(TestHost.RawIp(IpProtocol.Icmp, Reply(7, 1, []), destination: "10.40.0.255"));
        Assert.That(socket.TryReceive(out _), Is.False);
    }

    [TestCase(65515, Errno.None)]
    [TestCase(65516, Errno.EMSGSIZE)]
    public void A_message_is_as_large_as_a_packet_takes(int length, Errno expected)
    {
        using var host = new TestHost();
        EchoSocket socket = host.OpenEcho();
        byte[] request = Request(1, 1, new byte[length - IcmpHeader.Length]);
        Assert.That(socket.Send(request, TestHost.Endpoint("127.0.0.1", 0), host.Now), Is.EqualTo(expected));
        host.Turn();
        Assert.That(socket.TryReceive(out Datagram datagram), Is.EqualTo(expected == Errno.None));
        datagram.Frame?.Dispose();
    }

    [Test]
    public void A_connected_socket_takes_a_reply_from_another_host_too()
    {
        using var host = new TestHost();
        EchoSocket socket = Bind(host, "0.0.0.0", 7);
        Assert.That(socket.Connect(Peer), Is.EqualTo(Errno.None));
        host.Hear(TestHost.RawIp(IpProtocol.Icmp, Reply(7, 1, []), source: "10.40.0.8"));
        Assert.That(socket.TryReceive(out Datagram datagram), Is.True);
        datagram.Dispose();
    }

    [Test]
    public void What_did_not_arrive_is_told_with_the_request()
    {
        using var host = new TestHost();
        host.MeetPeer();
        EchoSocket socket = Bind(host, "0.0.0.0", 7);
        socket.QueuesErrors = true;
        socket.Send(Request(7, 5, [1, 2]), TestHost.Endpoint("192.0.2.1", 0), host.Now);
        host.HearArp(ArpOperation.Response, TestHost.Gateway, TestHost.Address);
        byte[] sent = host.Link.Sent[^1][14..];
        host.Hear(TestHost.RawIp(IpProtocol.Icmp, Message(IcmpType.TimeExceeded, 0, [0, 0, 0, 0, .. sent]), source: TestHost.Gateway));
        Assert.That(socket.TryTakeError(out DatagramError? error), Is.True);
        Assert.That((error!.Errno, error.Type), Is.EqualTo((Errno.EHOSTUNREACH, IcmpType.TimeExceeded)));
        Assert.That(error.Offender.ToString(), Is.EqualTo(TestHost.Gateway));
        Assert.That(error.Destination, Is.EqualTo(TestHost.Endpoint("192.0.2.1", 0)));
        Assert.That(error.Payload, Is.EqualTo(sent[20..]), "the message as it was sent, for who looks for its sequence number");
    }

    [Test]
    public void A_neighbour_that_does_not_answer_is_told_of()
    {
        using var host = new TestHost();
        EchoSocket socket = Bind(host, "0.0.0.0", 7);
        socket.QueuesErrors = true;
        socket.Send(Request(7, 5, []), TestHost.Endpoint("10.40.0.99", 0), host.Now);
        host.Wait(5);
        Assert.That(socket.TryTakeError(out DatagramError? error), Is.True);
        Assert.That((error!.Errno, error.Offender.ToString()), Is.EqualTo((Errno.EHOSTUNREACH, TestHost.Address)));
    }

    private static EchoSocket Bind(TestHost host, string address, int identifier)
    {
        EchoSocket socket = host.OpenEcho();
        Assert.That(socket.Bind(TestHost.Endpoint(address, identifier)), Is.EqualTo(Errno.None));
        return socket;
    }

    private static byte[] Request(int identifier, int sequence, byte[] data) => Echo(IcmpType.EchoRequest, identifier, sequence, data);

    private static byte[] Reply(int identifier, int sequence, byte[] data) => Echo(IcmpType.EchoReply, identifier, sequence, data);

    private static byte[] Echo(byte type, int identifier, int sequence, byte[] data) => Message(
        type, 0, [(byte)(identifier >> 8), (byte)identifier, (byte)(sequence >> 8), (byte)sequence, .. data]);

    private static byte[] Message(byte type, byte code, byte[] rest)
    {
        byte[] message = [type, code, 0, 0, .. rest];
        IcmpHeader.Write(message, type, code);
        return message;
    }
}
