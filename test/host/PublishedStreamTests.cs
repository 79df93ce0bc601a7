using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Pyco.Host.Publishing;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>A TCP port of the machine leads to a program: what one side does the other side sees.</summary>
internal sealed class PublishedStreamTests : PublishTest
{
    private const int Large = 10_000_000;

    /// <summary>More than the buffers of all sockets in between hold together.</summary>
    private const int Much = 128 << 20;

    [Test]
    public void Both_sides_speak()
    {
        (OutsideClient client, TestSocket server) = ConnectFromOutside();

        client.Send("question");
        Assert.That(AwaitText(server), Is.EqualTo("question"));
        server.Send(Text("answer"));
        Assert.That(ReadText(client), Is.EqualTo("answer"));
    }

    [Test]
    public void What_is_sent_outside_before_the_program_accepts_is_not_lost()
    {
        TestSocket listener = Left.Listen(80);
        OutsideClient client = Hold(OutsideClient.Connect(Publish(80).Outside.Port));
        client.Send("early");
        client.Socket.Shutdown(SocketShutdown.Send);

        TestSocket server = Accept(listener);

        Assert.That(AwaitText(server), Is.EqualTo("early"));
        Until(() => server.Receive(new byte[1]) == 0, "the end");
    }

    [Test]
    public void Urgent_octets_stay_in_the_stream_which_goes_on_behind_them()
    {
        (OutsideClient client, TestSocket server) = ConnectFromOutside();
        var received = new StringBuilder();
        void SendAll(params (string Text, SocketFlags Flags)[] parts)
        {
            // All of it is with the kernel before the host looks.
            foreach ((string text, SocketFlags flags) in parts)
                client.Socket.Send(Text(text), flags);
        }
        void Expect(string expected) => Until(
            () =>
            {
                byte[] buffer = new byte[100];
                received.Append(Encoding.ASCII.GetString(buffer, 0, Math.Max(0, server.Receive(buffer))));
                return received.ToString() == expected;
            },
            $"{expected}, but had {received}");

        SendAll(("before", SocketFlags.None), ("!", SocketFlags.OutOfBand), ("behind", SocketFlags.None));
        Expect("before!behind");
        SendAll(("?", SocketFlags.OutOfBand));
        Expect("before!behind?");
        SendAll(("a", SocketFlags.None), ("1", SocketFlags.OutOfBand), ("b", SocketFlags.None), ("2", SocketFlags.OutOfBand), ("c", SocketFlags.None));
        Expect("before!behind?a1b2c");
        client.Socket.Shutdown(SocketShutdown.Send);
        Until(() => server.Receive(new byte[1]) == 0, "the end");
    }

    [Test]
    public void Ten_megabytes_each_way_at_the_same_time_arrive_as_they_were()
    {
        (OutsideClient client, TestSocket server) = ConnectFromOutside();
        byte[] up = RandomNumberGenerator.GetBytes(Large);
        byte[] down = RandomNumberGenerator.GetBytes(Large);
        using var gotUp = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var gotDown = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        (int sentUp, int sentDown, int readUp, int readDown) = (0, 0, 0, 0);
        byte[] buffer = new byte[256 * 1024];

        Until(
            () =>
            {
                sentUp += Math.Max(0, sentUp < Large ? client.Send(up.AsSpan(sentUp)) : 0);
                sentDown += Math.Max(0, sentDown < Large ? server.Post(down.AsSpan(sentDown)) : 0);
                int length = Math.Max(0, server.Receive(buffer));
                gotUp.AppendData(buffer, 0, length);
                readUp += length;
                length = Math.Max(0, client.Receive(buffer));
                gotDown.AppendData(buffer, 0, length);
                readDown += length;
                return readUp == Large && readDown == Large;
            },
            "all octets");

        Assert.That(gotUp.GetHashAndReset(), Is.EqualTo(SHA256.HashData(up)));
        Assert.That(gotDown.GetHashAndReset(), Is.EqualTo(SHA256.HashData(down)));
    }

    [Test]
    public void The_end_of_one_direction_leaves_the_other_open([Values] bool outsideEnds)
    {
        (OutsideClient client, TestSocket server) = ConnectFromOutside();
        if (outsideEnds)
        {
            client.Send("all");
            client.Socket.Shutdown(SocketShutdown.Send);
            Assert.That(AwaitText(server), Is.EqualTo("all"));
            Until(() => server.Receive(new byte[1]) == 0, "the end");
            server.Send(Text("still here"));
            Assert.That(ReadText(client), Is.EqualTo("still here"));
            server.Close();
            Assert.That((ReadText(client), client.LastError), Is.EqualTo(("", SocketError.Success)));
        }
        else
        {
            server.Send(Text("all"));
            server.Shutdown(Constants.ShutWr);
            Assert.That((ReadText(client), ReadText(client)), Is.EqualTo(("all", "")));
            client.Send("still here");
            Assert.That(AwaitText(server), Is.EqualTo("still here"));
            client.Dispose();
            Until(() => server.Receive(new byte[1]) == 0, "the end");
        }
        Until(() => Streams.Open == 0, "the end of the connection");
    }

    [Test]
    public void A_port_on_which_no_program_listens_resets_who_connects()
    {
        OutsideClient client = Hold(OutsideClient.Connect(Publish(80).Outside.Port));

        Until(() => client.Receive(new byte[1]) < 0 && client.LastError != SocketError.WouldBlock, "the end");

        Assert.That(client.LastError, Is.EqualTo(SocketError.ConnectionReset));
        Assert.That((Streams.Accepted, Streams.Refused, Streams.Open), Is.EqualTo((1, 1, 0)));
    }

    [Test]
    public void A_reset_by_the_program_is_one_outside()
    {
        (OutsideClient client, TestSocket server) = ConnectFromOutside();
        client.Send("never read");
        Until(() => (server.Events & Constants.PollIn) != 0, "the octets");

        server.Close(); // with unread data, which TCP answers with RST

        Until(() => client.Receive(new byte[1]) < 0 && client.LastError != SocketError.WouldBlock, "the end");
        Assert.That(client.LastError, Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(Streams.Open, Is.Zero);
    }

    [Test]
    public void A_reset_outside_is_one_for_the_program()
    {
        (OutsideClient client, TestSocket server) = ConnectFromOutside();

        client.Reset();

        Until(() => server.Receive(new byte[1]) == 0, "the end");
        Assert.That(server.TakeError(), Is.EqualTo(Errno.ECONNRESET));
        Assert.That(Streams.Open, Is.Zero);
    }

    [Test]
    public void A_reset_outside_before_the_program_accepts_leaves_nothing_behind()
    {
        TestSocket listener = Left.Listen(80, backlog: 0);
        ushort port = Publish(80).Outside.Port;
        OutsideClient[] clients = [.. Enumerable.Range(0, 8).Select(_ => OutsideClient.Connect(port))];
        Until(() => Streams.Accepted == clients.Length, "all to be accepted");

        foreach (OutsideClient client in clients)
            client.Reset();

        Until(() => Streams.Open == 0, "their end");
        listener.Close();
    }

    [Test]
    public void Who_does_not_read_stops_the_other_and_loses_nothing([Values] bool outsideSends)
    {
        (OutsideClient client, TestSocket server) = ConnectFromOutside();
        byte[] chunk = new byte[64 * 1024];
        Func<ReadOnlySpan<byte>, int> send = outsideSends ? client.Send : server.Post;
        int sent = 0;
        for (int idle = 0; sent < Much && idle < 100;)
        {
            for (int index = 0; index < chunk.Length; index++)
                chunk[index] = Octet(sent + index);
            int length = send(chunk);
            if (length > 0)
            {
                (sent, idle) = (sent + length, 0);
                Network.Settle();
                continue;
            }
            idle++;
            Thread.Sleep(1);
            Network.Wait(TimeSpan.FromMilliseconds(1));
        }
        Assert.That(sent, Is.InRange(100_000, Much / 2), "it was stopped");
        int before = Network.Turns;
        Network.Wait(TimeSpan.FromSeconds(10));
        Assert.That(Network.Turns - before, Is.LessThan(200), "and nobody spins");

        int received = 0;
        Until(
            () =>
            {
                int length = outsideSends ? server.Receive(chunk) : client.Receive(chunk);
                for (int index = 0; index < length; index++)
                {
                    if (chunk[index] != Octet(received + index))
                        throw new AssertionException($"octet {received + index} is another");
                }
                received += Math.Max(0, length);
                return received == sent;
            },
            "all that was sent");
    }

    [Test]
    public void A_host_that_ends_gives_the_port_back_and_resets_who_is_connected()
    {
        (OutsideClient client, _) = ConnectFromOutside();
        PublishedPort port = Streams.Port;

        Left.End();

        Assert.That(client.Receive(new byte[1]), Is.EqualTo(-1));
        Assert.That(client.LastError, Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(() => OutsideClient.Connect(port.Outside.Port), Throws.TypeOf<SocketException>());
    }

    [Test]
    public void A_port_is_for_one([Values] bool isUdp)
    {
        ushort taken = Publish(80, isUdp).Outside.Port;

        PublishException refused = Assert.Throws<PublishException>(() => Publish(80, isUdp, outside: taken))!;

        string name = isUdp ? $"127.0.0.1:{taken}/udp" : $"127.0.0.1:{taken}";
        Assert.That(refused.Message, Is.EqualTo($"{name} is in use on this machine: choose another with -p"));
        Assert.That(refused.IsInUse, Is.True);
        Left.Host.Publisher.StopListening();
        Assert.That(Publish(80, isUdp, outside: taken).Outside.Port, Is.EqualTo(taken), "it is free again");
    }

    [Test]
    public void An_address_of_another_machine_is_refused([Values] bool isUdp)
    {
        PublishException refused = Assert.Throws<PublishException>(() => Publish(80, isUdp, "192.0.2.1"))!;
        Assert.That(refused.Message, Is.EqualTo("192.0.2.1 is not an address of this machine: choose another with -p"));
        Assert.That(refused.IsInUse, Is.False);
    }

    private PublishedStreams Streams => (PublishedStreams)Left.Host.Publisher.Publications[0];

    private (OutsideClient Client, TestSocket Server) ConnectFromOutside()
    {
        TestSocket listener = Left.Listen(80);
        OutsideClient client = Hold(OutsideClient.Connect(Publish(80).Outside.Port));
        TestSocket server = Accept(listener);
        listener.Close();
        return (client, server);
    }

    private TestSocket Accept(TestSocket listener)
    {
        TestSocket? server = null;
        Until(() => (server = listener.Accept()) is not null, "a connection to accept");
        return server!;
    }

    /// <summary>A sequence with a long period, so that a lost or doubled piece shows.</summary>
    private static byte Octet(int position) => (byte)((position * 7) + (position >> 8) + (position >> 16));
}
