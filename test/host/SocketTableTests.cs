using Pyco.Host.Bridge;
using Pyco.Host.Tests.Testing;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

/// <summary>What it costs to notice sockets that were closed unheard, counted in questions to the kernel.</summary>
internal sealed class SocketTableTests : HostTest
{
    private SocketTable Table => Left.Bridge.Sockets;

    [Test]
    public void A_port_is_free_again_when_its_socket_was_closed()
    {
        Left.Listen(80).Close();

        Assert.That(Left.OpenStream().Bind(Any(80)), Is.EqualTo(Errno.None));
    }

    [Test]
    public void A_port_stays_taken_while_its_socket_is_held()
    {
        TestSocket holder = Left.Listen(80);

        Assert.That(Left.OpenStream().Bind(Any(80)), Is.EqualTo(Errno.EADDRINUSE));
        Assert.That(holder.Listen(5), Is.EqualTo(Errno.None), "it still listens");
    }

    [Test]
    public void A_taken_port_costs_the_same_however_many_sockets_there_are([Values(10, 1000)] int others)
    {
        for (int index = 0; index < others; index++)
            Left.Listen((ushort)(1000 + index));
        TestSocket late = Left.OpenStream();
        long before = Table.Asked;

        Assert.That(late.Bind(Any(1000)), Is.EqualTo(Errno.EADDRINUSE));

        Assert.That(Table.Asked - before, Is.LessThanOrEqualTo(3), "two for the new socket, one for the port's holder");
    }

    [Test]
    public void A_new_socket_costs_two_questions_at_most()
    {
        const int count = 500;
        long before = Table.Asked;

        for (int index = 0; index < count; index++)
            Left.Listen((ushort)(1000 + index));

        Assert.That(Table.Asked - before, Is.LessThanOrEqualTo(2 * count));
        Assert.That(Table.Count, Is.EqualTo(count), "all are held");
    }

    [Test]
    public void A_connect_costs_no_question()
    {
        for (int index = 0; index < 10; index++)
            Left.Listen((ushort)(1000 + index));
        Right.Listen(80);
        long before = Table.Asked;

        for (int index = 0; index < 20; index++)
            Left.OpenStream().Connect(Right.Endpoint(80));

        Assert.That(Table.Asked, Is.EqualTo(before));
    }

    [Test]
    public void What_programs_have_closed_does_not_pile_up()
    {
        const int held = 50;
        for (int index = 0; index < held; index++)
            Left.Listen((ushort)(1000 + index));

        for (int round = 0; round < 1000; round++)
        {
            using TestSocket socket = Left.OpenStream();
            Assert.That(socket.Bind(Any(0)), Is.EqualTo(Errno.None));
        }

        Assert.That(Table.Count, Is.InRange(held, (2 * held) + 2));
    }

    [Test]
    public void That_anything_is_held_costs_one_question()
    {
        for (int index = 0; index < 100; index++)
            Left.Listen((ushort)(1000 + index));
        long before = Table.Asked;

        Assert.That(Table.IsAnyHeld(Network.Now), Is.True);

        Assert.That(Table.Asked - before, Is.EqualTo(1));
    }

    [Test]
    public void Nothing_is_held_when_all_sockets_are_closed()
    {
        TestSocket[] sockets = [Left.Listen(80), Left.BindDatagram(53), Left.OpenStream()];
        sockets[2].Bind(Any(0));
        Assert.That(Table.IsAnyHeld(Network.Now), Is.True);

        foreach (TestSocket socket in sockets)
            socket.Close();

        Assert.That(Table.IsAnyHeld(Network.Now), Is.False);
        Assert.That(Table.Count, Is.Zero);
    }

    [Test]
    public void A_listener_that_was_closed_is_noticed_when_somebody_connects()
    {
        Left.Listen(80).Close();
        TestSocket late = Right.OpenStream();

        late.Connect(Left.Endpoint(80));

        Assert.That(FailureOf(late, TimeSpan.FromSeconds(5)), Is.EqualTo(Errno.ECONNREFUSED));
        Assert.That(Table.Count, Is.Zero);
    }

    [Test]
    public void A_listener_is_asked_for_once_however_many_connect_in_a_turn()
    {
        TestSocket listener = Left.Listen(80);
        Right.OpenStream().Connect(Left.Endpoint(80)); // who asks for the MAC address first is alone
        TestSocket[] clients = [.. Enumerable.Range(0, 5).Select(_ => Right.OpenStream())];
        long before = Table.Asked;

        foreach (TestSocket client in clients)
            client.PostConnect(Left.Endpoint(80));
        Network.Settle();

        Assert.That(Table.Asked - before, Is.EqualTo(1));
        Assert.That(Enumerable.Range(0, 6).All(_ => listener.Accept() is not null), Is.True);
    }

    [Test]
    public void A_busy_listener_that_was_closed_is_noticed_a_moment_later()
    {
        TestSocket listener = Left.Listen(80);
        for (int index = 0; index < 20; index++)
            Right.OpenStream().Connect(Left.Endpoint(80));
        listener.Close();
        Network.Wait(TimeSpan.FromMilliseconds(5));
        TestSocket late = Right.OpenStream();

        late.Connect(Left.Endpoint(80));

        Assert.That(FailureOf(late, TimeSpan.FromSeconds(5)), Is.EqualTo(Errno.ECONNREFUSED));
    }

    [Test]
    public void A_busy_listener_that_was_closed_just_now_resets_who_connects()
    {
        TestSocket listener = Left.Listen(80);
        for (int index = 0; index < 20; index++)
            Right.OpenStream().Connect(Left.Endpoint(80));
        listener.Close();
        TestSocket late = Right.OpenStream();

        late.Connect(Left.Endpoint(80));

        Assert.That(FailureOf(late, TimeSpan.FromSeconds(5)), Is.AnyOf(Errno.ECONNRESET, Errno.ECONNREFUSED));
        Network.Wait(TimeSpan.FromMilliseconds(5));
        Assert.That(Left.Listen(80).Events, Is.Zero, "the port is free again");
    }

    [Test]
    public void A_bound_socket_that_cannot_connect_gives_its_port_back()
    {
        TestSocket bound = Left.OpenStream();
        bound.Bind(Any(5000));
        bound.Connect(new IpEndpoint(IpAddress.Parse("192.168.7.7"), 80));
        Assert.That(bound.TakeError(), Is.EqualTo(Errno.ENETUNREACH));
        bound.Close();

        Assert.That(Left.OpenStream().Bind(Any(5000)), Is.EqualTo(Errno.None));
    }

    private static IpEndpoint Any(ushort port) => new(IpAddress.AnyV4, port);
}
