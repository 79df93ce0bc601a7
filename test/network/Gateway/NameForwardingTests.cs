using System.Net;
using System.Net.Sockets;
using Pyco.Network.Gateway;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Gateway;

internal sealed class NameForwardingTests : GatewayTest
{
    private Socket _server = null!;

    protected override GatewayOptions Options => new()
    {
        Allowed = [Rule("192.0.2.0/24")],
        NameServer = new IpEndpoint(IpAddress.LoopbackV4, (ushort)((IPEndPoint)_server.LocalEndPoint!).Port),
        HasDhcp = false,
    };

    // NUnit runs the base class's set-ups first, so this one is the test's own.
    [OneTimeSetUp]
    public void ServeNames()
    {
        _server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    }

    [OneTimeTearDown]
    public void EndNames() => _server.Dispose();

    [Test]
    public void A_query_to_the_gateway_goes_to_the_name_server_though_no_rule_names_it()
    {
        UdpSocket host = Ask(new IpEndpoint(GatewayAddress, 53), "who is it?"u8);
        byte[] buffer = new byte[100];
        Until(() => _server.Poll(0, SelectMode.SelectRead), "the query");
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        int length = _server.ReceiveFrom(buffer, ref from);
        Assert.That(buffer[..length], Is.EqualTo("who is it?"u8.ToArray()));
        _server.SendTo("it is I"u8, from);
        Assert.That(Answer(host), Is.EqualTo("it is I"u8.ToArray()));
    }

    [Test]
    public void A_host_s_name_is_answered_at_the_gateway_itself()
    {
        Names["web"] = IpAddress.Parse("10.40.0.7");
        UdpSocket host = Ask(new IpEndpoint(GatewayAddress, 53), "\0\u0001\u0001\0\0\u0001\0\0\0\0\0\0\u0003web\0\0\u0001\0\u0001"u8);
        Assert.That(Answer(host)[^4..], Is.EqualTo(new byte[] { 10, 40, 0, 7 }));
        Assert.That(Gateway.Datagrams.Count, Is.Zero, "nothing went out");
    }

    [Test]
    public void Long_answers_come_by_TCP()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(_server.LocalEndPoint!);
        listener.Listen();
        TcpSocket host = Dial(new IpEndpoint(GatewayAddress, 53));
        Until(() => EventsOf(host).HasFlag(SocketEvents.Connected), "the connection");
        using Socket outside = listener.Accept();
        outside.Send("it is a long story"u8);
        Until(() => host.ReceivedOctets == 18, "the answer");
    }

    [Test]
    public void Queries_are_forgotten_sooner_than_other_flows()
    {
        Ask(new IpEndpoint(GatewayAddress, 53), "who is it?"u8);
        Until(() => Gateway.Datagrams.Count == 1, "the query");
        Gateway.Datagrams.Advance(Now + OutwardDatagrams.QueryIdleLimit);
        Assert.That(Gateway.Datagrams.Count, Is.Zero);
    }
}
