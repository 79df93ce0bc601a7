using System.Net.NetworkInformation;
using PacketDotNet;
using Pyco.Stack.Link;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Link;

/// <summary>RFC 826 and the neighbour states of RFC 4861 §7.3.2 as traces.</summary>
public sealed class ArpTests
{
    private const string WhoHasPeer = "who-has 10.40.0.7 tell 10.40.0.32";
    private const string UdpToPeer = "Udp 10.40.0.32 > 10.40.0.7";

    [Test]
    public void A_request_for_our_address_is_answered_to_the_one_who_asked()
    {
        using var host = new TestHost();
        host.HearArp(ArpOperation.Request, TestHost.Peer, TestHost.Address);
        PacketDotNet.ArpPacket reply = host.LastSent<PacketDotNet.ArpPacket>();
        Assert.That(reply.Operation, Is.EqualTo(ArpOperation.Response));
        Assert.That(reply.SenderHardwareAddress, Is.EqualTo(TestHost.Mac));
        Assert.That(reply.SenderProtocolAddress.ToString(), Is.EqualTo(TestHost.Address));
        Assert.That(reply.TargetHardwareAddress, Is.EqualTo(TestHost.PeerMac));
        Assert.That(host.LastSent().DestinationHardwareAddress, Is.EqualTo(TestHost.PeerMac));
    }

    [TestCase("10.40.0.33")]
    [TestCase("127.0.0.1")]
    [TestCase("10.40.0.255")]
    [TestCase("0.0.0.0")]
    public void A_request_for_an_address_that_is_not_ours_stays_unanswered(string address)
    {
        using var host = new TestHost();
        host.HearArp(ArpOperation.Request, TestHost.Peer, address);
        Assert.That(host.Link.Sent, Is.Empty);
    }

    [Test]
    public void Packets_wait_for_the_answer_and_leave_in_order()
    {
        using var host = new TestHost();
        UdpSocket socket = host.OpenUdp();
        for (byte number = 0; number < 3; number++)
            socket.Send([number], TestHost.Endpoint(TestHost.Peer, 9), host.Now);
        Assert.That(host.Link.Sent, Has.Count.EqualTo(1), "one request for all");
        AnswerFromPeer(host);
        Assert.That(host.Link.Sent, Has.Count.EqualTo(4));
        Assert.That(
            host.Link.Sent.Skip(1).Select(frame => TestHost.Parse(frame).Extract<UdpPacket>().PayloadData[0]),
            Is.EqualTo(new byte[] { 0, 1, 2 }));
        Assert.That(host.LastSent().DestinationHardwareAddress, Is.EqualTo(TestHost.PeerMac));
    }

    [Test]
    public void After_three_requests_one_second_apart_the_packet_is_given_up_and_the_next_one_starts_over()
    {
        using var host = new TestHost();
        UdpSocket socket = host.OpenUdp();
        Send(host, socket);
        host.Wait(10);
        Assert.That(host.Trace, Is.EqualTo(new[]
        {
            $"5.000000 {WhoHasPeer}",
            $"6.000000 {WhoHasPeer}",
            $"7.000000 {WhoHasPeer}",
        }));
        Assert.That(host.Stack.Counters.Dropped(DropReason.NeighborUnreachable), Is.EqualTo(1));
        Send(host, socket);
        Assert.That(host.Link.Sent, Has.Count.EqualTo(4));
    }

    [Test]
    public void Too_many_waiting_packets_push_the_oldest_out()
    {
        using var host = new TestHost();
        UdpSocket socket = host.OpenUdp();
        for (int count = 0; count < NeighborCache.MaxWaiting + 5; count++)
            Send(host, socket);
        Assert.That(host.Stack.Counters.Dropped(DropReason.NeighborQueueFull), Is.EqualTo(5));
        Assert.That(host.Frames.Outstanding, Is.EqualTo(NeighborCache.MaxWaiting));
    }

    [Test]
    public void A_far_destination_is_reached_through_the_gateway()
    {
        using var host = new TestHost();
        host.OpenUdp().Send([1], TestHost.Endpoint("192.0.2.1", 9), host.Now);
        PacketDotNet.ArpPacket request = host.LastSent<PacketDotNet.ArpPacket>();
        Assert.That(request.TargetProtocolAddress.ToString(), Is.EqualTo(TestHost.Gateway));
    }

    [Test]
    public void A_stale_neighbour_is_used_at_once_and_asked_directly_five_seconds_later()
    {
        using var host = new TestHost();
        host.MeetPeer(); // a request tells the address, but not that the peer hears us
        UdpSocket socket = host.OpenUdp();
        Send(host, socket);
        host.Wait(5.5);
        Assert.That(host.Trace, Is.EqualTo(new[] { $"5.000000 {UdpToPeer}", $"10.000000 {WhoHasPeer} unicast" }));
        AnswerFromPeer(host);
        host.Trace.Clear();
        host.Wait(10);
        Send(host, socket);
        host.Wait(9);
        Assert.That(host.Trace, Is.EqualTo(new[] { $"20.500000 {UdpToPeer}" }), "it answered: no need to ask again yet");
    }

    [Test]
    public void A_stale_neighbour_that_does_not_answer_is_asked_three_times_and_then_forgotten()
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = host.OpenUdp();
        Send(host, socket);
        host.Wait(20);
        Assert.That(host.Trace, Is.EqualTo(new[]
        {
            $"5.000000 {UdpToPeer}",
            $"10.000000 {WhoHasPeer} unicast",
            $"11.000000 {WhoHasPeer} unicast",
            $"12.000000 {WhoHasPeer} unicast",
        }));
        int before = host.Link.Sent.Count;
        Send(host, socket);
        Assert.That(host.Link.Sent, Has.Count.EqualTo(before + 1));
        Assert.That(host.LastSent().DestinationHardwareAddress, Is.EqualTo(TestHost.BroadcastMac));
    }

    [Test]
    public void A_gratuitous_announcement_moves_a_known_neighbour_but_adds_no_stranger()
    {
        using var host = new TestHost();
        host.MeetPeer();
        PhysicalAddress moved = PhysicalAddress.Parse("02-00-00-00-00-77");
        host.HearArp(ArpOperation.Request, TestHost.Peer, TestHost.Peer, moved);
        host.HearArp(ArpOperation.Request, "10.40.0.8", "10.40.0.8", moved);
        UdpSocket socket = host.OpenUdp();
        Send(host, socket);
        Assert.That(host.LastSent().DestinationHardwareAddress, Is.EqualTo(moved));
        socket.Send([1], TestHost.Endpoint("10.40.0.8", 9), host.Now);
        Assert.That(host.LastSent().Type, Is.EqualTo(EthernetType.Arp), "10.40.0.8 has to be asked for");
    }

    [Test]
    public void The_table_stays_bounded_when_every_address_of_a_large_network_asks()
    {
        using var host = new TestHost();
        for (int round = 0; round < 8; round++)
        {
            for (int last = 1; last < 255; last++)
            {
                if (last != 32)
                    host.HearArp(ArpOperation.Request, $"10.40.0.{last}", TestHost.Address);
            }
        }
        host.HearArp(ArpOperation.Request, "192.0.2.9", TestHost.Address);
        Assert.That(host.LastSent<PacketDotNet.ArpPacket>().TargetProtocolAddress.ToString(), Is.EqualTo("192.0.2.9"),
            "whoever asks is answered, on our subnet or not");
    }

    [Test]
    public void Packets_to_ourselves_never_reach_the_wire()
    {
        using var host = new TestHost();
        UdpSocket server = host.OpenUdp();
        server.Bind(TestHost.Endpoint("0.0.0.0", 53));
        UdpSocket client = host.OpenUdp();
        client.Send([1], TestHost.Endpoint(TestHost.Address, 53), host.Now);
        client.Send([2], TestHost.Endpoint("127.0.0.1", 53), host.Now);
        host.Turn();
        Assert.That(host.Link.Sent, Is.Empty);
        Assert.That(server.TryReceive(out Datagram first), Is.True);
        Assert.That(first.Source.Address.ToString(), Is.EqualTo(TestHost.Address));
        first.Dispose();
        Assert.That(server.TryReceive(out Datagram second), Is.True);
        Assert.That(second.Source.Address.ToString(), Is.EqualTo("127.0.0.1"));
        second.Dispose();
    }

    [Test]
    public void Nothing_leaves_but_a_packet_to_a_known_neighbour()
    {
        using var host = new TestHost();
        host.MeetPeer();
        Send(host, host.OpenUdp());
        host.Turn();
        Assert.That(host.Trace, Is.EqualTo(new[] { $"5.000000 {UdpToPeer}" }));
    }

    private static void Send(TestHost host, UdpSocket socket) =>
        socket.Send([1], TestHost.Endpoint(TestHost.Peer, 9), host.Now);

    private static void AnswerFromPeer(TestHost host) =>
        host.HearArp(ArpOperation.Response, TestHost.Peer, TestHost.Address, to: TestHost.Mac);
}
