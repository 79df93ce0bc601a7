using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

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

    private static int MaxSegment(TestSocket socket) => socket.GetOption(OptionNumbers.IpProtoTcp, OptionNumbers.TcpMaxSegment);
}
