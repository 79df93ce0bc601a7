using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

/// <summary>How TCP connections begin in vain and how they end, as their programs see it.</summary>
internal sealed class StreamEndTests : HostTest
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(5);

    [Test]
    public void Half_a_connection_is_closed_and_the_other_half_goes_on([Values] bool clientFirst)
    {
        (TestSocket client, TestSocket server) = Connect(80);
        (TestSocket first, TestSocket second) = clientFirst ? (client, server) : (server, client);

        first.Send(Text("last words"));
        first.Shutdown(Constants.ShutWr);
        byte[] heard = second.ReceiveAll(out int end);
        second.Send(Text("reply"));
        second.Send(Text(" and more"));
        second.Close();

        Assert.That((heard, end), Is.EqualTo((Text("last words"), 0)));
        Assert.That(first.ReceiveAll(out end), Is.EqualTo(Text("reply and more")));
        Assert.That((end, first.TakeError()), Is.EqualTo((0, Errno.None)));
    }

    [Test]
    public void A_reset_lets_what_came_before_be_read([Values] bool clientResets)
    {
        (TestSocket client, TestSocket server) = Connect(80);
        (TestSocket resets, TestSocket other) = clientResets ? (client, server) : (server, client);
        resets.Send(Text("before the end"));
        resets.SetOption(Constants.SolSocket, OptionNumbers.SoLinger, 1, 0);

        resets.Close();

        Assert.That(ReadText(other), Is.EqualTo("before the end"));
        Assert.That(other.TakeError(), Is.EqualTo(Errno.ECONNRESET));
    }

    [Test]
    public void Closing_with_unread_data_resets([Values] bool clientCloses)
    {
        (TestSocket client, TestSocket server) = Connect(80);
        (TestSocket closes, TestSocket other) = clientCloses ? (client, server) : (server, client);
        other.Send(Text("never read"));

        closes.Close();

        Assert.That(other.TakeError(), Is.EqualTo(Errno.ECONNRESET));
    }

    [Test]
    public void Closing_what_was_read_does_not_reset()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        client.Send(Text("read"));
        Assert.That(ReadText(server), Is.EqualTo("read"));

        server.Close();

        Assert.That((client.Receive(new byte[1]), client.TakeError()), Is.EqualTo((0, Errno.None)));
    }

    [Test]
    public void Sending_to_a_closed_peer_is_answered_with_a_reset()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        server.Close();

        client.Send(Text("too late"));

        // tcp_reset in net/ipv4/tcp_input.c, 6.1: EPIPE in CLOSE-WAIT, ECONNRESET elsewhere.
        Assert.That(client.TakeError(), Is.EqualTo(Errno.EPIPE));
    }

    [Test]
    public void The_error_is_told_once()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        server.SetOption(Constants.SolSocket, OptionNumbers.SoLinger, 1, 0);
        server.Close();

        Assert.That((client.TakeError(), client.TakeError()), Is.EqualTo((Errno.ECONNRESET, Errno.None)));
    }

    [Test]
    public void A_connect_is_not_writable_before_the_handshake_has_ended()
    {
        TestSocket listener = Right.Listen(80);
        Right.Link.LosesIPv4 = true; // what it answers
        TestSocket client = Left.OpenStream();
        client.Connect(Right.Endpoint(80));
        Network.Wait(TimeSpan.FromSeconds(2));
        Assert.That((client.Events, client.TakeError()), Is.EqualTo(((short)0, Errno.EINPROGRESS)));

        Right.Link.LosesIPv4 = false;

        Assert.That(Network.RunUntil(() => client.IsWritable, TimeSpan.FromSeconds(60)), Is.True);
        AssertTheySpeak(client, listener.Accept()!);
    }

    [Test]
    public void A_connect_that_nobody_wants_is_refused() =>
        Assert.That(FailureOfConnect(Right.Endpoint(81)), Is.EqualTo(Errno.ECONNREFUSED));

    [Test]
    public void A_connect_that_nobody_answers_times_out()
    {
        Right.Link.LosesIPv4 = true;
        Instant begin = Network.Now;

        Assert.That(FailureOfConnect(Right.Endpoint(80)), Is.EqualTo(Errno.ETIMEDOUT));
        Assert.That(Network.Now - begin, Is.InRange(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(180)));
    }

    [Test]
    public void A_connect_to_nobody_on_the_wire_finds_no_host() => Assert.That(
        FailureOfConnect(new IpEndpoint(IpAddress.Parse("10.0.0.99"), 80)), Is.EqualTo(Errno.EHOSTUNREACH));

    [Test]
    public void A_connect_that_no_route_leads_to_finds_no_network() => Assert.That(
        FailureOfConnect(new IpEndpoint(IpAddress.Parse("192.168.7.7"), 80)), Is.EqualTo(Errno.ENETUNREACH));

    [Test]
    public void A_connect_that_is_given_up_leaves_nothing()
    {
        Right.Link.IsCut = true;
        TestSocket client = Left.OpenStream();
        client.Connect(Right.Endpoint(80));

        client.Close();

        Assert.That(Left.Bridge.Sockets.Count, Is.Zero);
    }

    [Test]
    public void A_connection_is_forgotten_when_both_sides_are_done()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        client.Close();
        server.Close();
        Network.Wait(Moment);

        Assert.That(Right.Bridge.Sockets.IsAnyHeld(Network.Now), Is.False);
        Assert.That((Left.Bridge.Sockets.Count, Right.Bridge.Sockets.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public void A_connection_whose_peer_has_vanished_is_forgotten_in_the_end()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        Right.Link.IsCut = true;
        client.Send(Text("to nobody"));
        client.Close();
        Assert.That(Left.Bridge.Sockets.HasUnfinished, Is.True);

        Network.Wait(TimeSpan.FromMinutes(10));

        Assert.That(Left.Bridge.Sockets.Count, Is.Zero);
        Assert.That(server.Events, Is.Not.Zero.And.EqualTo(Constants.PollIn | Constants.PollOut), "it got data and lives");
    }

    private Errno FailureOfConnect(IpEndpoint remote)
    {
        TestSocket client = Left.OpenStream();
        client.Connect(remote);
        return FailureOf(client, TimeSpan.FromMinutes(5));
    }
}
