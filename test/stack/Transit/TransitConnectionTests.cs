using Pyco.Stack.Sockets;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transit;

internal sealed class TransitConnectionTests : TransitTest
{
    [Test]
    public void A_SYN_stays_unanswered_until_the_owner_accepts()
    {
        TcpSocket dialing = Dial(Outside);
        Assert.That(Transit.TryTakeConnection(out TransitConnection? connection), Is.True);
        Assert.That(connection!.Destination, Is.EqualTo(Outside));
        Run(TimeSpan.FromSeconds(4)); // the SYN comes again, and is the same attempt
        Assert.That(Transit.TryTakeConnection(out _), Is.False);
        Assert.That(dialing.TakeEvents(), Is.EqualTo(SocketEvents.None));

        TcpSocket accepted = connection.Accept(Now)!;
        Settle();

        Assert.That(accepted.Local, Is.EqualTo(Outside));
        Assert.That(accepted.Remote, Is.EqualTo(dialing.Local));
        Assert.That(accepted.TakeEvents(), Is.EqualTo(SocketEvents.Connected));
        Assert.That(dialing.TakeEvents(), Is.EqualTo(SocketEvents.Connected));
    }

    [Test]
    public void What_is_said_on_it_arrives_both_ways_and_so_do_the_ends()
    {
        TcpSocket dialing = Dial(Outside);
        Transit.TryTakeConnection(out TransitConnection? connection);
        TcpSocket accepted = connection!.Accept(Now)!;
        Settle();

        Write(dialing, "question"u8, Now);
        Write(accepted, "answer"u8, Now);
        dialing.FinishSending(Now);
        accepted.FinishSending(Now);
        Settle();

        Assert.That(Read(accepted, Now), Is.EqualTo("question"u8.ToArray()));
        Assert.That(Read(dialing, Now), Is.EqualTo("answer"u8.ToArray()));
        Run(TimeSpan.FromMinutes(2));
        Assert.That(accepted.TakeEvents().HasFlag(SocketEvents.Finished), Is.True);
    }

    [Test]
    public void Refused_it_fails_as_at_a_closed_port()
    {
        TcpSocket dialing = Dial(Outside);
        Transit.TryTakeConnection(out TransitConnection? connection);
        connection!.Refuse(Now);
        Settle();
        Assert.That(dialing.Error, Is.EqualTo(Errno.ECONNREFUSED));
    }

    [TestCase(UnreachableReason.Network, Errno.ENETUNREACH)]
    [TestCase(UnreachableReason.Host, Errno.EHOSTUNREACH)]
    [TestCase(UnreachableReason.Prohibited, Errno.EHOSTUNREACH)]
    public void Unreachable_it_fails_with_the_reason(UnreachableReason reason, Errno expected)
    {
        TcpSocket dialing = Dial(Outside);
        Transit.TryTakeConnection(out TransitConnection? connection);
        connection!.Refuse(reason, Now);
        Settle();
        Assert.That(dialing.Error, Is.EqualTo(expected));
    }

    [Test]
    public void Where_the_rate_limit_holds_errors_back_a_reset_takes_their_place()
    {
        List<Errno> errors = [];
        for (int attempt = 0; attempt < 20; attempt++)
        {
            TcpSocket dialing = Dial(Outside);
            Transit.TryTakeConnection(out TransitConnection? connection);
            connection!.Refuse(UnreachableReason.Prohibited, Now);
            Settle();
            errors.Add(dialing.Error);
        }
        Assert.That(errors, Has.All.EqualTo(Errno.EHOSTUNREACH).Or.EqualTo(Errno.ECONNREFUSED));
        Assert.That(errors[^1], Is.EqualTo(Errno.ECONNREFUSED));
    }

    [Test]
    public void Dropped_it_is_a_new_attempt_when_the_SYN_comes_again()
    {
        Dial(Outside);
        Transit.TryTakeConnection(out TransitConnection? lost);
        lost!.Drop();
        Run(TimeSpan.FromSeconds(2));
        Assert.That(Transit.TryTakeConnection(out TransitConnection? again), Is.True);
        Assert.That(again, Is.Not.SameAs(lost));
        Assert.That(lost.Accept(Now), Is.Null, "it is over");
    }

    [Test]
    public void A_port_of_the_router_without_a_socket_is_the_owners_too_and_one_with_a_socket_is_not()
    {
        TcpSocket listener = Router.OpenTcp();
        listener.Bind(new IpEndpoint(IpAddress.Parse("10.0.0.1"), 53));
        listener.Listen(5);

        TcpSocket known = Dial(new IpEndpoint(IpAddress.Parse("10.0.0.1"), 53));
        Assert.That(known.TakeEvents(), Is.EqualTo(SocketEvents.Connected));
        Assert.That(Transit.TryTakeConnection(out _), Is.False);
        Dial(new IpEndpoint(IpAddress.Parse("10.0.0.1"), 54));
        Assert.That(Transit.TryTakeConnection(out _), Is.True);
    }

    [Test]
    public void Segments_of_no_connection_are_answered_with_a_reset()
    {
        TcpSocket dialing = Dial(Outside);
        Transit.TryTakeConnection(out TransitConnection? connection);
        TcpSocket accepted = connection!.Accept(Now)!;
        Settle();
        accepted.Abort(Now);
        Settle();
        Assert.That(dialing.Error, Is.EqualTo(Errno.ECONNRESET));
        Assert.That(Transit.TryTakeConnection(out _), Is.False);
    }

    [Test]
    public void So_many_may_wait_for_an_answer_and_no_more()
    {
        for (int attempt = 0; attempt <= TransitTraffic.MostPending; attempt++)
            Dial(new IpEndpoint(Outside.Address, (ushort)(1 + attempt)));
        int taken = 0;
        while (Transit.TryTakeConnection(out _))
            taken++;
        Assert.That(taken, Is.EqualTo(TransitTraffic.MostPending));
        Assert.That(Router.Counters.Dropped(DropReason.TransitQueueFull), Is.EqualTo(1));
    }
}
