using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Whom TCP speaks with, and what a connection's packets carry in their IP header (RFC 9293 §3.9).</summary>
public class TcpAddressTests
{
    [TestCase("255.255.255.255")]
    [TestCase("10.40.0.255")]
    [TestCase("224.0.0.5")]
    public void Nobody_connects_to_many(string destination)
    {
        using var host = new TestHost();
        TcpSocket socket = host.Stack.OpenTcp();
        Assert.That(socket.Connect(TestHost.Endpoint(destination, 80), host.Now), Is.EqualTo(Errno.ENETUNREACH)); // MUST-46
        host.Turn();
        Assert.That(host.Link.Sent, Is.Empty);
    }

    [TestCase(TestHost.Peer, "255.255.255.255")] // MUST-57
    [TestCase(TestHost.Peer, "10.40.0.255")]
    [TestCase(TestHost.Peer, "224.0.0.1")]
    [TestCase("255.255.255.255", TestHost.Address)] // MUST-63
    [TestCase("10.40.0.255", TestHost.Address)]
    [TestCase("224.0.0.5", TestHost.Address)]
    [TestCase("0.0.0.0", TestHost.Address)]
    [TestCase("127.0.0.1", TestHost.Address)]
    public void A_SYN_to_many_or_from_nobody_is_ignored(string source, string destination)
    {
        using TestHost host = Listening(out TcpSocket listener);
        host.Hear(Syn(source, destination));
        host.Hear(Syn(source, destination, destinationPort: 81)); // nor refused
        Assert.That(host.Link.Sent, Is.Empty);
        listener.Abort(host.Now);
    }

    [Test]
    public void A_listener_answers_from_the_address_that_was_asked()
    {
        using TestHost host = Listening(out TcpSocket listener);
        host.Hear(Syn(TestHost.Peer, TestHost.Address));
        IPv4Packet answer = host.LastSent<IPv4Packet>();
        Assert.That(answer.SourceAddress.ToString(), Is.EqualTo(TestHost.Address)); // MUST-45
        Assert.That(answer.FragmentFlags & 2, Is.EqualTo(2), "don't fragment (RFC 1191)");
        listener.Abort(host.Now);
    }

    [Test]
    public void The_program_chooses_time_to_live_and_type_of_service()
    {
        using TestHost host = new();
        host.MeetPeer();
        TcpSocket socket = host.Stack.OpenTcp();
        socket.TimeToLive = 42; // MUST-49
        socket.TypeOfService = 0xb8; // MUST-48
        Assert.That(socket.Connect(TestHost.Endpoint(TestHost.Peer, 80), host.Now), Is.EqualTo(Errno.None));
        host.Turn();
        IPv4Packet sent = host.LastSent<IPv4Packet>();
        Assert.That((sent.TimeToLive, sent.TypeOfService), Is.EqualTo((42, 0xb8)));
        socket.TypeOfService = 0x20; // SHLD-21: also later
        host.Wait(1);
        Assert.That(host.LastSent<IPv4Packet>().TypeOfService, Is.EqualTo(0x20));
        socket.Abort(host.Now);
    }

    [Test]
    public void A_port_may_have_a_listener_for_each_address_and_connections_beside_it()
    {
        using TestHost host = Listening(out TcpSocket listener);
        TcpSocket local = host.Stack.OpenTcp();
        Assert.That(local.Bind(TestHost.Endpoint("127.0.0.1", 80)), Is.EqualTo(Errno.None)); // MUST-41, MUST-43
        Assert.That(local.Listen(1), Is.EqualTo(Errno.None));
        host.Hear(Syn(TestHost.Peer, TestHost.Address)); // in SYN-RECEIVED
        Assert.That(listener.StateName, Is.EqualTo("LISTEN")); // MUST-42
        host.Hear(Syn(TestHost.Peer, TestHost.Address, sourcePort: 1001));
        Assert.That(host.LastSent<TcpPacket>().DestinationPort, Is.EqualTo(1001));
        TcpSocket second = host.Stack.OpenTcp();
        Assert.That(second.Bind(TestHost.Endpoint(TestHost.Address, 80)), Is.EqualTo(Errno.EADDRINUSE));
        listener.Abort(host.Now);
        local.Abort(host.Now);
    }

    [Test]
    public void Ephemeral_ports_follow_no_order()
    {
        using TestHost host = new();
        List<int> ports = [];
        for (int count = 0; count < 20; count++)
        {
            TcpSocket socket = host.Stack.OpenTcp();
            Assert.That(socket.Bind(TestHost.Endpoint("0.0.0.0", 0)), Is.EqualTo(Errno.None));
            ports.Add(socket.Local.Port);
        }
        Assert.That(ports, Is.Unique.And.All.InRange(32768, 60999)); // RFC 6056 §3.3.1
        Assert.That(ports, Is.Not.Ordered);
        Assert.That(ports.Max() - ports.Min(), Is.GreaterThan(5000));
    }

    private static TestHost Listening(out TcpSocket listener)
    {
        TestHost host = new();
        host.MeetPeer();
        listener = host.Stack.OpenTcp();
        Assert.That(listener.Bind(TestHost.Endpoint(TestHost.Address, 80)), Is.EqualTo(Errno.None));
        Assert.That(listener.Listen(4), Is.EqualTo(Errno.None));
        return host;
    }

    private static EthernetPacket Syn(
        string source, string destination, ushort sourcePort = 1000, ushort destinationPort = 80)
    {
        TcpPacket tcp = new(sourcePort, destinationPort) { Synchronize = true, SequenceNumber = 7, WindowSize = 1000 };
        EthernetPacket frame = TestHost.Ip(PacketDotNet.ProtocolType.Tcp, tcp, source, destination);
        tcp.UpdateTcpChecksum();
        return frame;
    }
}
