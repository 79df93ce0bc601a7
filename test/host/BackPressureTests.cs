using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>Somebody does not take what is sent: memory stays bounded, nothing is lost, others go on.</summary>
internal sealed class BackPressureTests : HostTest
{
    /// <summary>More than the buffers of both kernel sockets and both stacks hold together.</summary>
    private const int Much = 64 << 20;

    [Test]
    public void A_program_that_does_not_read_stops_its_peer_and_loses_nothing([Values] bool serverSends)
    {
        (TestSocket client, TestSocket server) = Connect(80);
        (TestSocket sender, TestSocket reader) = serverSends ? (server, client) : (client, server);

        int sent = SendUntilStopped(sender);
        Assert.That(sent, Is.InRange(100_000, Much / 2), "it was stopped");
        Network.Wait(TimeSpan.FromMinutes(30)); // the window is probed, and stays shut
        Assert.That(sender.Events, Is.EqualTo(0), "it still is");

        int received = ReadAndCheck(reader, sent);

        Assert.That(received, Is.EqualTo(sent));
        AssertTheySpeak(client, server);
    }

    [Test]
    public void A_stopped_connection_does_not_stop_another()
    {
        (TestSocket stopped, _) = Connect(80);
        SendUntilStopped(stopped);

        AssertHostsWork();
    }

    [Test]
    public void What_is_sent_before_a_close_arrives_however_slowly_it_is_read()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        int sent = SendUntilStopped(client);

        client.Close();

        Assert.That(ReadAndCheck(server, sent), Is.EqualTo(sent));
        Assert.That((server.Receive(new byte[1]), server.TakeError()), Is.EqualTo((0, Errno.None)));
    }

    [Test]
    public void Connections_that_a_full_backlog_has_no_room_for_are_delivered_later()
    {
        TestSocket listener = Right.Listen(80, backlog: 1);
        TestSocket[] clients = [.. Enumerable.Range(0, 6).Select(_ => Left.OpenStream())];
        for (int index = 0; index < clients.Length; index++)
        {
            clients[index].Connect(Right.Endpoint(80));
            Network.Settle();
        }
        Assert.That(Right.Bridge.HandOvers.WaitingListeners, Is.EqualTo(1));

        List<TestSocket> servers = [];
        Network.RunUntil(
            () =>
            {
                if (listener.Accept() is { } accepted)
                    servers.Add(accepted);
                return servers.Count == clients.Length;
            },
            TimeSpan.FromMinutes(2));

        Assert.That(servers, Has.Count.EqualTo(clients.Length));
        for (int index = 0; index < clients.Length; index++)
            AssertTheySpeak(clients[index], servers[index]);
    }

    [Test]
    public void What_happens_to_a_connection_while_it_waits_for_the_backlog_is_told_later()
    {
        TestSocket listener = Right.Listen(80, backlog: 0);
        TestSocket first = Left.OpenStream();
        first.Connect(Right.Endpoint(80));
        TestSocket second = Left.OpenStream();
        second.Connect(Right.Endpoint(80));
        Assert.That(Right.Bridge.HandOvers.WaitingListeners, Is.EqualTo(1));

        second.Send(Text("data"));
        second.Shutdown(Constants.ShutWr);
        Network.Wait(TimeSpan.FromSeconds(1));
        TestSocket taken = listener.Accept()!;
        TestSocket? late = null;
        Network.RunUntil(() => (late = listener.Accept()) is not null, TimeSpan.FromSeconds(1));

        AssertTheySpeak(first, taken);
        Assert.That((late!.ReceiveAll(out int end), end), Is.EqualTo((Text("data"), 0)), "and the end of it");
    }

    [Test]
    public void A_connection_that_waits_when_its_listener_is_closed_is_reset()
    {
        TestSocket listener = Right.Listen(80, backlog: 0);
        TestSocket first = Left.OpenStream();
        first.Connect(Right.Endpoint(80));
        TestSocket second = Left.OpenStream();
        second.Connect(Right.Endpoint(80));

        listener.Close();
        Network.Wait(TimeSpan.FromSeconds(1));

        Assert.That((first.TakeError(), second.TakeError()), Is.EqualTo((Errno.ECONNRESET, Errno.ECONNRESET)));
        Assert.That(Right.Bridge.HandOvers.WaitingListeners, Is.Zero);
    }

    [Test]
    public void A_listener_that_never_accepts_bounds_what_waits_and_how_often_the_host_looks()
    {
        Right.Listen(80, backlog: 2);
        TestSocket[] clients = [.. Enumerable.Range(0, 100).Select(_ => Left.OpenStream())];
        foreach (TestSocket client in clients)
            client.Connect(Right.Endpoint(80));
        Network.Wait(TimeSpan.FromMinutes(5));
        int before = Network.Turns;

        Network.Wait(TimeSpan.FromSeconds(10));

        Assert.That(Right.Bridge.Sockets.Count, Is.LessThan(10));
        Assert.That(Network.Turns - before, Is.LessThan(300));
    }

    private int SendUntilStopped(TestSocket sender)
    {
        byte[] chunk = new byte[64 * 1024];
        int sent = 0;
        while (sent < Much)
        {
            for (int index = 0; index < chunk.Length; index++)
                chunk[index] = Octet(sent + index);
            int length = sender.Send(chunk);
            if (length > 0)
                sent += length;
            else if (!Network.RunUntil(() => sender.IsWritable, TimeSpan.FromSeconds(10)))
                return sent;
        }
        return sent;
    }

    private int ReadAndCheck(TestSocket reader, int expected)
    {
        byte[] buffer = new byte[64 * 1024];
        int received = 0;
        while (received < expected)
        {
            int length = reader.Receive(buffer);
            if (length > 0)
            {
                for (int index = 0; index < length; index++)
                {
                    if (buffer[index] != Octet(received + index))
                        throw new AssertionException($"octet {received + index} is another");
                }
                received += length;
                Network.Settle();
            }
            else if (!Network.RunUntil(() => (reader.Events & Constants.PollIn) != 0, TimeSpan.FromMinutes(5)))
            {
                break;
            }
        }
        return received;
    }

    /// <summary>A sequence with a long period, so that a lost or doubled piece shows.</summary>
    private static byte Octet(int position) => (byte)((position * 7) + (position >> 8) + (position >> 16));
}
