using System.Net;
using System.Net.Sockets;
using Pyco.Network.Gateway;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Gateway;

internal sealed class NameForwardingTests : GatewayTest
{
    private Socket _server = null!;

    /// <summary>Keeps the name server's port for its streams too: no connection of the machine may have it meanwhile.</summary>
    private Socket _portOfStreams = null!;

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
        const int attempts = 10;
        for (int attempt = 1; ; attempt++)
        {
            _server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _portOfStreams = NewStreamSocket();
            try
            {
                _portOfStreams.Bind(_server.LocalEndPoint!);
                return;
            }
            catch (SocketException) when (attempt < attempts)
            {
                EndNames();
            }
        }
    }

    [OneTimeTearDown]
    public void EndNames()
    {
        _server.Dispose();
        _portOfStreams.Dispose();
    }

    /// <summary>With its length in front, as TCP needs it.</summary>
    private static byte[] QueryForWeb =>
        [.. "\0\u0015\0\u0001\u0001\0\0\u0001\0\0\0\0\0\0\u0003web\0\0\u0001\0\u0001"u8];

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
        using Socket listener = ListenForStreams();
        TcpSocket host = DialNames();
        Write(host, "\0\u000awho is it?"u8);
        using Socket outside = Accept(listener);
        Assert.That(Hear(outside, 12), Is.EqualTo("\0\u000awho is it?"u8.ToArray()));

        outside.Send("\0\u0012it is a long"u8);
        outside.Send(" story"u8);
        Until(() => host.ReceivedOctets == 20, "the answer");
        Assert.That(Read(host), Is.EqualTo("\0\u0012it is a long story"u8.ToArray()));
    }

    [Test]
    public void By_TCP_too_a_host_s_name_is_answered_at_the_gateway_and_the_rest_outside()
    {
        Names["web"] = IpAddress.Parse("10.40.0.7");
        using Socket listener = ListenForStreams();
        TcpSocket host = DialNames();
        Write(host, [.. QueryForWeb[..5]]);
        Write(host, [.. QueryForWeb[5..], .. "\0\u0003abc"u8, .. QueryForWeb]);
        using Socket outside = Accept(listener);
        Assert.That(Hear(outside, 5), Is.EqualTo("\0\u0003abc"u8.ToArray()));

        const int answerOctets = 2 + 21 + 16;
        Until(() => host.ReceivedOctets == 2 * answerOctets, "the gateway's answers");
        Assert.That(Read(host)[^4..], Is.EqualTo(new byte[] { 10, 40, 0, 7 }));
        outside.Send("\0\u0002no"u8);
        Until(() => host.ReceivedOctets == 4, "the outside's answer");
        host.FinishSending(Now);
        WakeHost();
        Until(() => outside.Poll(0, SelectMode.SelectRead) && outside.Receive(new byte[1]) == 0, "its end outside");
        outside.Shutdown(SocketShutdown.Send);
        Until(() => EventsOf(host).HasFlag(SocketEvents.PeerFinished) && Gateway.Connections.Count == 0, "its end");
    }

    [Test]
    public void A_host_s_name_needs_no_name_server_outside_which_else_resets_the_connection()
    {
        Names["web"] = IpAddress.Parse("10.40.0.7");
        TcpSocket known = DialNames(), unknown = DialNames();
        Write(known, QueryForWeb);
        Until(() => known.ReceivedOctets > 0, "the gateway's answer");
        Write(unknown, "\0\u0003abc"u8); // nobody listens for streams now
        Until(() => EventsOf(unknown).HasFlag(SocketEvents.Failed), "the reset");
        Assert.That(unknown.Error, Is.EqualTo(Errno.ECONNRESET));
        known.FinishSending(Now);
        WakeHost();
        Until(() => EventsOf(known).HasFlag(SocketEvents.PeerFinished) && Gateway.Connections.Count == 0, "the end");
    }

    [Test]
    public void One_more_connection_for_names_than_there_may_be_ends_the_one_that_was_idle_longest()
    {
        TcpSocket oldest = DialNames(), second = DialNames();
        for (int count = 2; count <= NameConnections.Most; count++)
            DialNames();
        Assert.That(EventsOf(oldest).HasFlag(SocketEvents.Failed), Is.True);
        Assert.That(EventsOf(second).HasFlag(SocketEvents.Failed), Is.False);
        Assert.That(Gateway.Connections.Count, Is.EqualTo(NameConnections.Most));
    }

    [Test]
    public void Who_asks_much_and_reads_late_loses_no_answer()
    {
        Names["web"] = IpAddress.Parse("10.40.0.7");
        const int count = 50_000;
        byte[] queries = [.. Enumerable.Repeat(QueryForWeb, count).SelectMany(query => query)];
        TcpSocket host = DialNames();
        int asked = Write(host, queries);
        for (int turn = 0; turn < 100; turn++)
        {
            TurnOnce();
            asked += Write(host, queries.AsSpan(asked));
        }
        long answered = 0;
        Until(
            () =>
            {
                answered += Read(host).Length;
                asked += Write(host, queries.AsSpan(asked));
                return answered == count * (2L + 21 + 16);
            },
            "all answers");
    }

    [Test]
    public void Queries_are_forgotten_sooner_than_other_flows()
    {
        Ask(new IpEndpoint(GatewayAddress, 53), "who is it?"u8);
        Until(() => Gateway.Datagrams.Count == 1, "the query");
        Gateway.Datagrams.Advance(Now + OutwardDatagrams.QueryIdleLimit);
        Assert.That(Gateway.Datagrams.Count, Is.Zero);
    }

    private Socket ListenForStreams()
    {
        Socket listener = NewStreamSocket();
        listener.Bind(_server.LocalEndPoint!);
        listener.Listen();
        return listener;
    }

    /// <summary>.NET binds it so (SO_REUSEADDR) that two can have one port while only one listens.</summary>
    private static Socket NewStreamSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private TcpSocket DialNames()
    {
        TcpSocket host = Dial(new IpEndpoint(GatewayAddress, 53));
        Until(() => EventsOf(host).HasFlag(SocketEvents.Connected), "the connection");
        return host;
    }

    private Socket Accept(Socket listener)
    {
        Until(() => listener.Poll(0, SelectMode.SelectRead), "the connection outside");
        return listener.Accept();
    }

    private byte[] Hear(Socket outside, int octets)
    {
        Until(() => outside.Available >= octets, "the query outside");
        byte[] heard = new byte[outside.Available];
        outside.Receive(heard);
        return heard;
    }
}
