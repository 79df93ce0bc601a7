using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Transport;

namespace Pyco.Stack.Tests.Transport;

/// <summary>RFC 768 under the sockets API, as Linux has it.</summary>
public sealed class UdpSocketTests
{
    [Test]
    public void A_datagram_leaves_with_its_ports_payload_and_checksum()
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = Bind(host, "0.0.0.0", 1234);
        socket.TimeToLive = 9;
        Assert.That(socket.Send("hello"u8, TestHost.Endpoint(TestHost.Peer, 9), host.Now), Is.EqualTo(Errno.None));
        UdpPacket udp = host.LastSent<UdpPacket>();
        Assert.That((udp.SourcePort, udp.DestinationPort), Is.EqualTo(((ushort)1234, (ushort)9)));
        Assert.That(udp.PayloadData, Is.EqualTo("hello"u8.ToArray()));
        Assert.That(udp.ValidUdpChecksum, Is.True);
        Assert.That(host.LastSent<IPv4Packet>().TimeToLive, Is.EqualTo(9));
    }

    [Test]
    public void A_datagram_arrives_with_both_endpoints_and_an_event()
    {
        using var host = new TestHost();
        UdpSocket socket = Bind(host, "0.0.0.0", 9);
        host.Hear(TestHost.Udp(1000, 9, [1, 2]));
        Assert.That(host.Stack.TryTakeChanged(out StackSocket? changed), Is.True);
        Assert.That(changed, Is.SameAs(socket));
        Assert.That(socket.TakeEvents(), Is.EqualTo(SocketEvents.Readable));
        Assert.That(socket.TryReceive(out Datagram datagram), Is.True);
        Assert.That(datagram.Source, Is.EqualTo(TestHost.Endpoint(TestHost.Peer, 1000)));
        Assert.That(datagram.Destination, Is.EqualTo(TestHost.Endpoint(TestHost.Address, 9)));
        Assert.That(datagram.Frame.Octets.ToArray(), Is.EqualTo(new byte[] { 1, 2 }));
        datagram.Dispose();
    }

    [Test]
    public void An_empty_datagram_is_a_datagram()
    {
        using var host = new TestHost();
        UdpSocket socket = Bind(host, "0.0.0.0", 9);
        host.Hear(TestHost.Udp(1000, 9, []));
        Assert.That(Count(socket), Is.EqualTo(1));
    }

    [Test]
    public void A_wrong_checksum_drops_a_datagram_and_a_missing_one_does_not()
    {
        using var host = new TestHost();
        UdpSocket socket = Bind(host, "0.0.0.0", 9);
        byte[] frame = TestHost.Udp(1000, 9, [1]).Bytes;
        frame[^1] ^= 1;
        host.Hear(frame);
        Assert.That(host.Stack.Counters.Dropped(DropReason.BadUdpChecksum), Is.EqualTo(1));
        frame[40] = frame[41] = 0;
        host.Hear(frame);
        Assert.That(Count(socket), Is.EqualTo(1));
    }

    [Test]
    public void The_socket_that_says_most_about_the_datagram_gets_it()
    {
        using var host = new TestHost();
        UdpSocket any = Shared(host, "0.0.0.0", false);
        UdpSocket specific = Shared(host, TestHost.Address, false);
        UdpSocket connected = Shared(host, TestHost.Address, false);
        connected.Connect(TestHost.Endpoint(TestHost.Peer, 1000));
        host.Hear(TestHost.Udp(1000, 9, [1]));
        host.Hear(TestHost.Udp(1001, 9, [1]));
        Assert.That((Count(any), Count(specific), Count(connected)), Is.EqualTo((0, 1, 1)));
    }

    [Test]
    public void Of_equals_with_SO_REUSEADDR_the_newest_gets_all()
    {
        using var host = new TestHost();
        UdpSocket first = Shared(host, "0.0.0.0", false);
        UdpSocket second = Shared(host, "0.0.0.0", false);
        for (int port = 1000; port < 1020; port++)
            host.Hear(TestHost.Udp(port, 9, [1]));
        Assert.That((Count(first), Count(second)), Is.EqualTo((0, 20)));
    }

    [Test]
    public void Sockets_with_SO_REUSEPORT_share_the_flows_and_keep_each_flow()
    {
        using var host = new TestHost();
        UdpSocket first = Shared(host, "0.0.0.0", true);
        UdpSocket second = Shared(host, "0.0.0.0", true);
        for (int port = 1000; port < 1050; port++)
            host.Hear(TestHost.Udp(port, 9, [1]));
        (int a, int b) = (Count(first), Count(second));
        Assert.That(a + b, Is.EqualTo(50));
        Assert.That(int.Min(a, b), Is.GreaterThan(5));
        for (int count = 0; count < 10; count++)
            host.Hear(TestHost.Udp(1000, 9, [1]));
        Assert.That(int.Max(Count(first), Count(second)), Is.EqualTo(10));
    }

    [TestCase("0.0.0.0", "0.0.0.0", false, Errno.EADDRINUSE)]
    [TestCase("0.0.0.0", TestHost.Address, false, Errno.EADDRINUSE)]
    [TestCase("127.0.0.1", TestHost.Address, false, Errno.None)]
    [TestCase("127.0.0.1", "127.0.0.2", false, Errno.None)]
    [TestCase("0.0.0.0", "::", false, Errno.EADDRINUSE)]
    [TestCase("::", "0.0.0.0", false, Errno.EADDRINUSE)]
    [TestCase("::", TestHost.Address, false, Errno.EADDRINUSE)]
    [TestCase(TestHost.Address, "::", false, Errno.EADDRINUSE)]
    [TestCase("0.0.0.0", "::", true, Errno.None)]
    [TestCase("::", "0.0.0.0", true, Errno.None)]
    public void Two_sockets_exclude_each_other_where_both_could_receive(
        string first, string second, bool v6Only, Errno expected)
    {
        using var host = new TestHost();
        Assert.That(Open(first).Bind(TestHost.Endpoint(first, 9)), Is.EqualTo(Errno.None));
        Assert.That(Open(second).Bind(TestHost.Endpoint(second, 9)), Is.EqualTo(expected));

        UdpSocket Open(string address)
        {
            bool isV6 = address.Contains(':', StringComparison.Ordinal);
            UdpSocket socket = host.OpenUdp(isV6);
            socket.V6Only = isV6 && v6Only;
            return socket;
        }
    }

    [Test]
    public void Sharing_needs_the_option_on_both_sockets()
    {
        using var host = new TestHost();
        Shared(host, "0.0.0.0", false);
        Assert.That(host.OpenUdp().Bind(TestHost.Endpoint("0.0.0.0", 9)), Is.EqualTo(Errno.EADDRINUSE));
        UdpSocket other = host.OpenUdp();
        other.ReusePort = true;
        Assert.That(other.Bind(TestHost.Endpoint("0.0.0.0", 9)), Is.EqualTo(Errno.EADDRINUSE));
    }

    [Test]
    public void A_closed_sockets_port_is_free()
    {
        using var host = new TestHost();
        UdpSocket socket = Bind(host, "0.0.0.0", 9);
        host.Hear(TestHost.Udp(1000, 9, [1]));
        socket.Close();
        Assert.That(host.Frames.Outstanding, Is.Zero);
        Assert.That(host.OpenUdp().Bind(TestHost.Endpoint("0.0.0.0", 9)), Is.EqualTo(Errno.None));
    }

    [Test]
    public void Bad_binds_are_refused()
    {
        using var host = new TestHost();
        Assert.That(host.OpenUdp().Bind(TestHost.Endpoint("10.40.0.33", 9)), Is.EqualTo(Errno.EADDRNOTAVAIL));
        Assert.That(host.OpenUdp().Bind(TestHost.Endpoint("::", 9)), Is.EqualTo(Errno.EAFNOSUPPORT));
        Assert.That(host.OpenUdp(isV6: true).Bind(TestHost.Endpoint("2001:db8::1", 9)), Is.EqualTo(Errno.EADDRNOTAVAIL));
        Assert.That(host.OpenUdp(isV6: true).Bind(TestHost.Endpoint("::1", 9)), Is.EqualTo(Errno.EADDRNOTAVAIL));
        UdpSocket twice = Bind(host, "0.0.0.0", 9);
        Assert.That(twice.Bind(TestHost.Endpoint("0.0.0.0", 10)), Is.EqualTo(Errno.EINVAL));
    }

    [Test]
    public void Ephemeral_ports_are_random_within_Linuxs_range_until_none_is_left()
    {
        using var host = new TestHost();
        const int all = EphemeralPorts.Last - EphemeralPorts.First + 1;
        var ports = new HashSet<ushort>();
        for (int count = 0; count < all; count++)
        {
            UdpSocket socket = host.OpenUdp();
            Assert.That(socket.Bind(TestHost.Endpoint("0.0.0.0", 0)), Is.EqualTo(Errno.None));
            ports.Add(socket.Local.Port);
        }
        Assert.That(ports, Has.Count.EqualTo(all));
        Assert.That(ports, Has.All.InRange((ushort)EphemeralPorts.First, (ushort)EphemeralPorts.Last));
        Assert.That(host.OpenUdp().Bind(TestHost.Endpoint("0.0.0.0", 0)), Is.EqualTo(Errno.EADDRINUSE));
        Assert.That(
            host.OpenUdp().Send([1], TestHost.Endpoint(TestHost.Peer, 9), host.Now), Is.EqualTo(Errno.EAGAIN));
    }

    [Test]
    public void Connecting_chooses_address_and_port_and_disconnecting_gives_them_back()
    {
        using var host = new TestHost();
        UdpSocket socket = host.OpenUdp();
        Assert.That(socket.Connect(TestHost.Endpoint(TestHost.Peer, 9)), Is.EqualTo(Errno.None));
        Assert.That(socket.Local.Address.ToString(), Is.EqualTo(TestHost.Address));
        Assert.That(socket.Local.Port, Is.Not.Zero);
        socket.Disconnect();
        Assert.That(socket.Local, Is.EqualTo(TestHost.Endpoint("0.0.0.0", 0)));
        UdpSocket bound = Bind(host, "0.0.0.0", 9);
        bound.Connect(TestHost.Endpoint("127.0.0.1", 9));
        Assert.That(bound.Local, Is.EqualTo(TestHost.Endpoint("127.0.0.1", 9)));
        bound.Disconnect();
        Assert.That(bound.Local, Is.EqualTo(TestHost.Endpoint("0.0.0.0", 9)));
    }

    [Test]
    public void A_connected_socket_hears_its_peer_only()
    {
        using var host = new TestHost();
        UdpSocket socket = Bind(host, "0.0.0.0", 9);
        socket.Connect(TestHost.Endpoint(TestHost.Peer, 1000));
        host.Hear(TestHost.Udp(1001, 9, [1]));
        host.Hear(TestHost.Udp(1000, 9, [1], source: "10.40.0.8"));
        host.Hear(TestHost.Udp(1000, 9, [1]));
        Assert.That(Count(socket), Is.EqualTo(1));
        socket.Disconnect();
        host.Hear(TestHost.Udp(1001, 9, [1]));
        Assert.That(Count(socket), Is.EqualTo(1));
    }

    [Test]
    public void An_AF_INET6_socket_serves_IPv4_peers_unless_it_is_IPv6_only()
    {
        using var host = new TestHost();
        UdpSocket dual = host.OpenUdp(isV6: true);
        dual.Bind(TestHost.Endpoint("::", 9));
        host.Hear(TestHost.Udp(1000, 9, [1]));
        Assert.That(Count(dual), Is.EqualTo(1));
        UdpSocket only = host.OpenUdp(isV6: true);
        only.V6Only = true;
        only.Bind(TestHost.Endpoint("::", 10));
        host.Hear(TestHost.Udp(1000, 10, [1]));
        Assert.That(Count(only), Is.Zero);
        Assert.That(
            only.Send([1], TestHost.Endpoint(TestHost.Peer, 9), host.Now), Is.EqualTo(Errno.ENETUNREACH));
    }

    [Test]
    public void Impossible_sends_say_why()
    {
        using var host = new TestHost();
        UdpSocket socket = host.OpenUdp();
        Assert.That(socket.Send([1], null, host.Now), Is.EqualTo(Errno.EDESTADDRREQ));
        Assert.That(
            socket.Send(new byte[65508], TestHost.Endpoint(TestHost.Peer, 9), host.Now), Is.EqualTo(Errno.EMSGSIZE));
        Assert.That(socket.Send([1], TestHost.Endpoint(TestHost.Peer, 0), host.Now), Is.EqualTo(Errno.EINVAL));
        Assert.That(
            host.OpenUdp(isV6: true).Send([1], TestHost.Endpoint("2001:db8::1", 9), host.Now),
            Is.EqualTo(Errno.ENETUNREACH));
        UdpSocket loopback = Bind(host, "127.0.0.1", 9);
        Assert.That(loopback.Send([1], TestHost.Endpoint(TestHost.Peer, 9), host.Now), Is.EqualTo(Errno.EINVAL));
    }

    [TestCase("255.255.255.255")]
    [TestCase("10.40.0.255")]
    public void Broadcast_needs_the_option_and_reaches_the_wire_and_our_own_sockets(string address)
    {
        using var host = new TestHost();
        UdpSocket listener = Bind(host, "0.0.0.0", 9);
        UdpSocket socket = host.OpenUdp();
        Assert.That(socket.Send([1], TestHost.Endpoint(address, 9), host.Now), Is.EqualTo(Errno.EACCES));
        Assert.That(socket.Connect(TestHost.Endpoint(address, 9)), Is.EqualTo(Errno.EACCES));
        socket.AllowBroadcast = true;
        Assert.That(socket.Send([1], TestHost.Endpoint(address, 9), host.Now), Is.EqualTo(Errno.None));
        host.Turn();
        Assert.That(host.LastSent().DestinationHardwareAddress, Is.EqualTo(TestHost.BroadcastMac));
        Assert.That(host.LastSent<IPv4Packet>().DestinationAddress.ToString(), Is.EqualTo(address));
        Assert.That(Count(listener), Is.EqualTo(1));
    }

    [Test]
    public void A_received_broadcast_reaches_every_socket_that_wants_it()
    {
        using var host = new TestHost();
        UdpSocket first = Shared(host, "0.0.0.0", false);
        UdpSocket second = Shared(host, "0.0.0.0", false);
        UdpSocket unicastOnly = Shared(host, TestHost.Address, false);
        EthernetPacket frame = TestHost.Udp(1000, 9, [1], destination: "10.40.0.255");
        frame.DestinationHardwareAddress = TestHost.BroadcastMac;
        host.Hear(frame);
        Assert.That((Count(first), Count(second), Count(unicastOnly)), Is.EqualTo((1, 1, 0)));
    }

    [Test]
    public void The_receive_queue_is_bounded_and_drops_are_counted()
    {
        using var host = new TestHost();
        UdpSocket socket = Bind(host, "0.0.0.0", 9);
        for (int count = 0; count < 400; count++)
            host.Hear(TestHost.Udp(1000, 9, [1]));
        int fits = 400 - (int)socket.Dropped;
        Assert.That(fits, Is.InRange(277, 350), "Linux's default holds 277 of the smallest");
        Assert.That(host.Stack.Counters.Dropped(DropReason.MessageQueueFull), Is.EqualTo(socket.Dropped));
        Assert.That(Count(socket), Is.EqualTo(fits));
        host.Hear(TestHost.Udp(1000, 9, [1]));
        Assert.That(Count(socket), Is.EqualTo(1), "there is room again");
    }

    [Test]
    public void Small_datagrams_wait_in_small_buffers_however_large_the_networks_frames_are()
    {
        using var host = new TestHost(mtu: 9000, frameCapacity: 10 * 1024);
        UdpSocket socket = Bind(host, "0.0.0.0", 9);
        for (int count = 0; count < 400; count++)
            host.Hear(TestHost.Udp(1000, 9, [1, 2, 3]));
        Assert.That(400 - socket.Dropped, Is.InRange(277, 350));
        Assert.That(host.Frames.Outstanding, Is.Zero, "the network's frames are free");
        Assert.That(socket.TryReceive(out Datagram datagram), Is.True);
        Assert.That(datagram.Frame.Octets.ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        datagram.Dispose();
        _ = Count(socket);
        Assert.That(host.Stack.Memory.SmallFrames.Outstanding, Is.Zero);
    }

    [TestCase(PathMtuDiscovery.Never, 100, Errno.None, false)]
    [TestCase(PathMtuDiscovery.IfItFits, 100, Errno.None, true)]
    [TestCase(PathMtuDiscovery.IfItFits, 2000, Errno.None, false)]
    [TestCase(PathMtuDiscovery.Always, 100, Errno.None, true)]
    [TestCase(PathMtuDiscovery.Always, 2000, Errno.EMSGSIZE, null)]
    [TestCase(PathMtuDiscovery.Probe, 100, Errno.None, true)]
    [TestCase(PathMtuDiscovery.Probe, 2000, Errno.EMSGSIZE, null)]
    [TestCase(PathMtuDiscovery.Interface, 100, Errno.None, false)]
    [TestCase(PathMtuDiscovery.Interface, 2000, Errno.EMSGSIZE, null)]
    [TestCase(PathMtuDiscovery.Omit, 2000, Errno.None, false)]
    public void What_may_be_cut_on_the_way_is_as_the_program_says(
        PathMtuDiscovery discovery, int length, Errno expected, bool? dontFragment)
    {
        using var host = new TestHost();
        host.MeetPeer();
        host.Link.Sent.Clear();
        UdpSocket socket = host.OpenUdp();
        socket.PathMtuDiscovery = discovery;
        Assert.That(socket.Send(new byte[length], TestHost.Endpoint(TestHost.Peer, 9), host.Now), Is.EqualTo(expected));
        host.Turn();
        if (dontFragment is not { } isSet)
            Assert.That(host.Link.Sent, Is.Empty);
        else
            Assert.That((host.LastSent<IPv4Packet>().FragmentFlags & 2) != 0, Is.EqualTo(isSet));
    }

    [Test]
    public void A_connected_socket_knows_the_MTU_of_its_path()
    {
        using var host = new TestHost();
        UdpSocket socket = host.OpenUdp();
        Assert.That(socket.PathMtu, Is.Null);
        socket.Connect(TestHost.Endpoint(TestHost.Peer, 9));
        Assert.That(socket.PathMtu, Is.EqualTo(1500));
    }

    [Test]
    public void A_refusal_inside_the_host_reaches_the_connected_socket()
    {
        using var host = new TestHost();
        UdpSocket socket = host.OpenUdp();
        socket.Connect(TestHost.Endpoint("127.0.0.1", 9));
        Assert.That(socket.Send([1], null, host.Now), Is.EqualTo(Errno.None));
        host.Turn();
        Assert.That(socket.TakeError(), Is.EqualTo(Errno.ECONNREFUSED));
    }

    private static UdpSocket Bind(TestHost host, string address, int port)
    {
        UdpSocket socket = host.OpenUdp();
        Assert.That(socket.Bind(TestHost.Endpoint(address, port)), Is.EqualTo(Errno.None));
        return socket;
    }

    private static UdpSocket Shared(TestHost host, string address, bool reusePort)
    {
        UdpSocket socket = host.OpenUdp();
        (socket.ReuseAddress, socket.ReusePort) = (!reusePort, reusePort);
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
