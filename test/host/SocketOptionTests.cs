using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

/// <summary>Options of programs' sockets that the stack has its part in.</summary>
internal sealed class SocketOptionTests : HostTest
{
    [Test]
    public void TCP_MAXSEG_tells_the_segments_of_the_connection_and_Linuxs_default_before()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        int expected = Left.Link.Mtu - 20 - 20 - 12; // RFC 7323's timestamps are in each segment
        Assert.That(MaxSegment(client), Is.EqualTo(expected));
        Assert.That(MaxSegment(server), Is.EqualTo(expected));

        TestSocket fresh = Left.OpenStream();
        fresh.SetOption(OptionNumbers.IpProtoTcp, OptionNumbers.TcpNoDelay, 1); // makes it known
        Assert.That(MaxSegment(fresh), Is.EqualTo(536));
        fresh.SetOption(OptionNumbers.IpProtoTcp, OptionNumbers.TcpMaxSegment, 1000);
        Assert.That(MaxSegment(fresh), Is.EqualTo(1000));
    }

    /// <summary>Programs such as puma ask whether their peer is still there this way.</summary>
    [Test]
    public void TCP_INFO_begins_with_the_state_as_Linux_numbers_it()
    {
        const int established = 1;
        const int closeWait = 8;
        (TestSocket client, TestSocket server) = Connect(80);
        Assert.That(State(client), Is.EqualTo(established));
        Assert.That(State(server), Is.EqualTo(established));
        client.Close();
        Assert.That(Network.RunUntil(() => State(server) == closeWait, TimeSpan.FromSeconds(10)), Is.True);

        static int State(TestSocket socket) => (byte)socket.GetOption(OptionNumbers.IpProtoTcp, OptionNumbers.TcpInfo);
    }

    [Test]
    public void IP_MTU_DISCOVER_is_kept_and_refuses_what_Linux_refuses()
    {
        TestSocket socket = Left.BindDatagram(9);
        Assert.That(socket.GetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpMtuDiscover), Is.EqualTo(1));
        Assert.That(socket.SetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpMtuDiscover, 2), Is.EqualTo(Errno.None));
        Assert.That(socket.GetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpMtuDiscover), Is.EqualTo(2));
        Assert.That(socket.SetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpMtuDiscover, 6), Is.EqualTo(Errno.EINVAL));
    }

    [Test]
    public void IP_MTU_is_that_of_the_path_to_the_connected_peer()
    {
        (TestSocket client, _) = Connect(80);
        Assert.That(client.GetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpMtu), Is.EqualTo(Left.Link.Mtu));
        TestSocket datagrams = Left.OpenDatagram();
        datagrams.ConnectDatagram(Right.Endpoint(9));
        Assert.That(datagrams.GetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpMtu), Is.EqualTo(Left.Link.Mtu));
    }

    [Test]
    public unsafe void A_member_of_a_group_hears_another_host_with_its_time_to_live()
    {
        const int group = 0x030201ef; // 239.1.2.3, octet by octet
        IpAddress address = IpAddress.Parse("239.1.2.3");
        TestSocket member = Right.BindDatagram(53);
        Assert.That(member.SetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpAddMembership, group, 0), Is.EqualTo(Errno.None));
        TestSocket sender = Left.OpenDatagram();
        Assert.That(sender.SetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpMulticastTtl, 3), Is.EqualTo(Errno.None));

        sender.SendTo(new IpEndpoint(address, 53), "to all"u8.ToArray());

        Assert.That(member.ReceiveDatagram(out DatagramHeader? header), Is.EqualTo("to all"u8.ToArray()));
        DatagramHeader told = header!.Value;
        Assert.That(told.TimeToLive, Is.EqualTo(3));
        Assert.That(IpAddress.Read(new ReadOnlySpan<byte>(told.LocalOctets, IpAddress.LengthV6)), Is.EqualTo(address));
    }

    [Test]
    public void Groups_are_joined_by_address_or_number_of_an_interface_and_there_are_none_of_IPv6()
    {
        const int group = 0x030201ef;
        const int link = 2;
        TestSocket socket = Left.BindDatagram(9);
        Assert.That(socket.SetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpAddMembership, group, 0, link), Is.EqualTo(Errno.None));
        Assert.That(socket.SetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpAddMembership, group, 0), Is.EqualTo(Errno.EADDRINUSE));
        Assert.That(socket.SetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpDropMembership, group, 0), Is.EqualTo(Errno.None));
        Assert.That(socket.SetOption(OptionNumbers.IpProtoIp, OptionNumbers.IpAddMembership, group, 0, 3), Is.EqualTo(Errno.ENODEV));
        Assert.That(socket.SetOption(OptionNumbers.IpProtoIpv6, OptionNumbers.Ipv6JoinGroup, 0xff, 0, 0, 0, 0), Is.EqualTo(Errno.ENODEV));
        Assert.That(socket.SetOption(OptionNumbers.IpProtoIpv6, OptionNumbers.Ipv6MulticastIf, 3), Is.EqualTo(Errno.ENODEV));
        Assert.That(socket.SetOption(OptionNumbers.IpProtoIpv6, OptionNumbers.Ipv6MulticastIf, link), Is.EqualTo(Errno.None));
        Assert.That(socket.GetOption(OptionNumbers.IpProtoIpv6, OptionNumbers.Ipv6MulticastIf), Is.EqualTo(link));
    }

    private static int MaxSegment(TestSocket socket) => socket.GetOption(OptionNumbers.IpProtoTcp, OptionNumbers.TcpMaxSegment);
}
