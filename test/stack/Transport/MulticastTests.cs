using System.Net.NetworkInformation;
using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport;

/// <summary>Groups of IPv4 (RFC 1112) under the sockets API, as Linux has it.</summary>
public sealed class MulticastTests
{
    private const string GroupText = "239.1.2.3";

    private static readonly IpAddress Group = IpAddress.Parse(GroupText);
    private static readonly PhysicalAddress GroupMac = PhysicalAddress.Parse("01-00-5E-01-02-03");

    [Test]
    public void What_comes_to_a_group_reaches_all_sockets_of_its_port_while_one_is_a_member()
    {
        using var host = new TestHost();
        UdpSocket member = Bind(host, "0.0.0.0");
        UdpSocket other = Bind(host, "0.0.0.0");
        UdpSocket strict = Bind(host, "0.0.0.0");
        UdpSocket unicastOnly = Bind(host, TestHost.Address);
        UdpSocket bound = Bind(host, GroupText);
        strict.Multicast.TakesAll = false;
        HearGroup(host);
        Assert.That(Count(member), Is.Zero, "nobody has joined");

        Assert.That(member.Multicast.Join(Group, IpAddress.AnyV4), Is.EqualTo(Errno.None));
        HearGroup(host);
        Assert.That(
            (Count(member), Count(other), Count(strict), Count(unicastOnly), Count(bound)), Is.EqualTo((1, 1, 0, 0, 1)));

        Assert.That(member.Multicast.Leave(Group, IpAddress.AnyV4), Is.EqualTo(Errno.None));
        HearGroup(host);
        Assert.That(Count(member), Is.Zero);
    }

    [Test]
    public void A_group_is_left_when_the_last_member_has_closed()
    {
        using var host = new TestHost();
        UdpSocket listener = Bind(host, "0.0.0.0");
        UdpSocket first = Member(host), second = Member(host);
        first.Close();
        HearGroup(host);
        Assert.That(Count(listener), Is.EqualTo(1));
        second.Close();
        HearGroup(host);
        Assert.That(Count(listener), Is.Zero);
    }

    [Test]
    public void A_member_on_loopback_hears_nothing_from_the_wire()
    {
        using var host = new TestHost();
        UdpSocket socket = Bind(host, "0.0.0.0");
        Assert.That(socket.Multicast.Join(Group, IpAddress.LoopbackV4), Is.EqualTo(Errno.None));
        HearGroup(host);
        Assert.That(Count(socket), Is.Zero);
    }

    [Test]
    public void A_datagram_to_a_group_goes_to_its_Ethernet_address_and_to_members_here()
    {
        using var host = new TestHost();
        UdpSocket member = Member(host);
        UdpSocket sender = host.OpenUdp();
        sender.TimeToLive = 99; // of unicast packets
        Send(host, sender);
        Assert.That(host.LastSent().DestinationHardwareAddress, Is.EqualTo(GroupMac));
        Assert.That(host.LastSent<IPv4Packet>().TimeToLive, Is.EqualTo(1));
        Assert.That(Count(member), Is.EqualTo(1));
        sender.Multicast.TimeToLive = 7;
        sender.Multicast.LoopsBack = false;
        Send(host, sender);
        Assert.That(host.LastSent<IPv4Packet>().TimeToLive, Is.EqualTo(7));
        Assert.That(Count(member), Is.Zero);
    }

    [Test]
    public void With_a_TTL_of_zero_a_datagram_stays_in_the_host()
    {
        using var host = new TestHost();
        UdpSocket sender = host.OpenUdp();
        sender.Multicast.TimeToLive = 0;
        Send(host, sender);
        UdpSocket member = Member(host);
        Send(host, sender);
        Assert.That(host.Link.Sent, Is.Empty);
        Assert.That(Count(member), Is.EqualTo(1));
    }

    [Test]
    public void A_datagram_to_a_group_on_loopback_reaches_its_members_there_only()
    {
        using var host = new TestHost();
        UdpSocket onLink = Member(host);
        onLink.Multicast.TakesAll = false;
        UdpSocket onLoopback = Bind(host, "0.0.0.0");
        onLoopback.Multicast.Join(Group, IpAddress.LoopbackV4);
        UdpSocket sender = host.OpenUdp();
        Assert.That(sender.Multicast.SetInterface(IpAddress.LoopbackV4), Is.EqualTo(Errno.None));
        Send(host, sender);
        Assert.That(host.Link.Sent, Is.Empty);
        Assert.That((Count(onLink), Count(onLoopback)), Is.EqualTo((0, 1)));
    }

    [Test]
    public void All_hosts_are_a_group_that_needs_no_joining()
    {
        using var host = new TestHost();
        UdpSocket socket = Bind(host, "0.0.0.0");
        HearGroup(host, "224.0.0.1", "01-00-5E-00-00-01");
        Assert.That(Count(socket), Is.EqualTo(1));
    }

    [Test]
    public void Nobody_answers_a_group_with_an_error()
    {
        using var host = new TestHost();
        _ = Member(host);
        host.MeetPeer();
        EthernetPacket frame = TestHost.Udp(1000, 10, [1], destination: GroupText);
        frame.DestinationHardwareAddress = GroupMac;
        host.Hear(frame);
        Assert.That(host.Link.Sent, Is.Empty);
        Assert.That(host.Stack.Counters.Dropped(DropReason.NoUdpSocket), Is.EqualTo(1));
    }

    [Test]
    public void A_datagram_tells_its_time_to_live()
    {
        using var host = new TestHost();
        UdpSocket member = Member(host);
        HearGroup(host);
        Assert.That(member.TryReceive(out Datagram datagram), Is.True);
        Assert.That((datagram.TimeToLive, datagram.Destination.Address), Is.EqualTo(((byte)64, Group)));
        datagram.Dispose();
    }

    [Test]
    public void A_source_that_comes_with_the_datagram_has_to_be_ours()
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = Bind(host, "0.0.0.0");
        IpEndpoint peer = TestHost.Endpoint(TestHost.Peer, 9);
        Assert.That(socket.Send([1], peer, From(IpAddress.Parse(TestHost.Address)), host.Now), Is.EqualTo(Errno.None));
        Assert.That(host.LastSent<IPv4Packet>().SourceAddress.ToString(), Is.EqualTo(TestHost.Address));
        Assert.That(socket.Send([1], peer, From(IpAddress.Parse("10.40.0.99")), host.Now), Is.EqualTo(Errno.EINVAL));
        Assert.That(socket.Send([1], peer, From(Group), host.Now), Is.EqualTo(Errno.EINVAL));
    }

    [Test]
    public void Marks_that_come_with_a_datagram_are_its_own()
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = Bind(host, "0.0.0.0");
        DatagramMarks marks = new() { TimeToLive = 7, TypeOfService = 3 };
        foreach (IpEndpoint to in new[] { TestHost.Endpoint(TestHost.Peer, 9), new IpEndpoint(Group, 9) })
        {
            Assert.That(socket.Send([1], to, marks, host.Now), Is.EqualTo(Errno.None));
            IPv4Packet packet = host.LastSent<IPv4Packet>();
            Assert.That((packet.TimeToLive, packet.TypeOfService), Is.EqualTo((7, 3)));
            Assert.That(socket.Send([1], to, host.Now), Is.EqualTo(Errno.None));
            packet = host.LastSent<IPv4Packet>();
            Assert.That((packet.TimeToLive, packet.TypeOfService), Is.EqualTo((to.Address == Group ? 1 : 64, 0)));
        }
    }

    private static DatagramMarks From(IpAddress source) => new() { Source = source };

    private static void HearGroup(TestHost host, string group = GroupText, string mac = "01-00-5E-01-02-03")
    {
        EthernetPacket frame = TestHost.Udp(1000, 9, [1], destination: group);
        frame.DestinationHardwareAddress = PhysicalAddress.Parse(mac);
        host.Hear(frame);
    }

    private static void Send(TestHost host, UdpSocket sender)
    {
        Assert.That(sender.Send([1], TestHost.Endpoint(GroupText, 9), host.Now), Is.EqualTo(Errno.None));
        host.Turn();
    }

    /// <summary>A socket that has joined the group, which the host has told by now.</summary>
    private static UdpSocket Member(TestHost host)
    {
        UdpSocket socket = Bind(host, "0.0.0.0");
        Assert.That(socket.Multicast.Join(Group, IpAddress.Parse(TestHost.Address)), Is.EqualTo(Errno.None));
        host.Wait(2);
        host.Link.Sent.Clear();
        return socket;
    }

    private static UdpSocket Bind(TestHost host, string address)
    {
        UdpSocket socket = host.OpenUdp();
        socket.ReuseAddress = true;
        Assert.That(socket.Bind(TestHost.Endpoint(address, 9)), Is.EqualTo(Errno.None));
        return socket;
    }

    private static int Count(UdpSocket socket)
    {
        int count = 0;
        for (; socket.TryReceive(out Datagram datagram); count++)
            datagram.Dispose();
        return count;
    }
}
