using System.Net;
using System.Net.Sockets;
using Pyco.Network.Gateway;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Gateway;

internal sealed class OutwardDatagramTests : GatewayTest
{
    private readonly byte[] _buffer = new byte[65536];

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(1472)]
    [TestCase(60_000)]
    public void Datagrams_go_out_and_answers_come_in(int length)
    {
        Socket server = OpenDatagram(out IpEndpoint there);
        byte[] question = new byte[length];
        TestContext.CurrentContext.Random.NextBytes(question);
        UdpSocket host = Ask(there, question);

        byte[] heard = Hear(server, out EndPoint from);
        server.SendTo(heard, from);

        Assert.That(heard, Is.EqualTo(question).AsCollection);
        Assert.That(Answer(host), Is.EqualTo(question).AsCollection);
        Assert.That((Gateway.Datagrams.Sent, Gateway.Datagrams.Received), Is.EqualTo((1L, 1L)));
    }

    [Test]
    public void What_two_sockets_of_a_host_say_to_one_server_is_kept_apart()
    {
        Socket server = OpenDatagram(out IpEndpoint there);
        UdpSocket first = Ask(there, "first"u8);
        Hear(server, out EndPoint firstPeer);
        UdpSocket second = Ask(there, "second"u8);
        Hear(server, out EndPoint secondPeer);
        Assert.That(secondPeer, Is.Not.EqualTo(firstPeer));
        server.SendTo("for the second"u8, secondPeer);
        server.SendTo("for the first"u8, firstPeer);
        Assert.That(Answer(first), Is.EqualTo("for the first"u8.ToArray()));
        Assert.That(Answer(second), Is.EqualTo("for the second"u8.ToArray()));
    }

    [Test]
    public void Only_who_was_spoken_to_is_heard()
    {
        Socket server = OpenDatagram(out IpEndpoint there);
        UdpSocket host = Ask(there, "question"u8);
        Hear(server, out EndPoint peer);
        OpenDatagram(out _).SendTo("I am the server"u8, peer);
        server.SendTo("answer"u8, peer);
        Assert.That(Answer(host), Is.EqualTo("answer"u8.ToArray()));
        Assert.That(host.TryReceive(out _), Is.False);
    }

    [Test]
    public void A_closed_port_outside_shows_as_refused()
    {
        OpenDatagram(out IpEndpoint there).Close();
        UdpSocket host = Ask(there, "anybody?"u8);
        Until(() => EventsOf(host).HasFlag(SocketEvents.Failed), "the refusal");
        Assert.That(host.TakeError(), Is.EqualTo(Errno.ECONNREFUSED));
    }

    [Test]
    public void What_is_prohibited_shows_as_unreachable()
    {
        UdpSocket host = Ask(new IpEndpoint(IpAddress.Parse("192.0.2.7"), 9), "anybody?"u8);
        Until(() => EventsOf(host).HasFlag(SocketEvents.Failed), "the refusal");
        Assert.That(host.TakeError(), Is.EqualTo(Errno.EHOSTUNREACH));
        Assert.That((Gateway.Denied, Gateway.Datagrams.Count), Is.EqualTo((1L, 0)));
    }

    [Test]
    public void A_flow_ends_after_five_minutes_of_silence()
    {
        Socket server = OpenDatagram(out IpEndpoint there);
        Ask(there, "question"u8);
        Hear(server, out _);
        Assert.That(Gateway.Datagrams.Advance(Now + OutwardDatagrams.IdleLimit - TimeSpan.FromSeconds(5)), Is.Not.Null);
        Assert.That(Gateway.Datagrams.Count, Is.EqualTo(1));
        Assert.That(Gateway.Datagrams.Advance(Now + OutwardDatagrams.IdleLimit), Is.Null);
        Assert.That(Gateway.Datagrams.Count, Is.Zero);
    }

    private byte[] Hear(Socket server, out EndPoint from)
    {
        Until(() => server.Poll(0, SelectMode.SelectRead), "a datagram");
        from = new IPEndPoint(IPAddress.Any, 0);
        int length = server.ReceiveFrom(_buffer, ref from);
        return _buffer[..length];
    }
}
