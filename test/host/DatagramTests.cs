using Pyco.Host.Bridge;
using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

/// <summary>UDP sockets of programs: boundaries, addresses, errors, and what a full receiver loses.</summary>
internal sealed class DatagramTests : HostTest
{
    [Test]
    public void A_datagram_tells_whom_it_is_from_and_can_be_answered()
    {
        TestSocket server = Right.BindDatagram(53);
        TestSocket client = Left.OpenDatagram();
        client.SendTo(Right.Endpoint(53), Text("question"));

        Assert.That(server.ReceiveDatagram(out DatagramHeader? header), Is.EqualTo(Text("question")));
        Assert.That(WireAddresses.TryRead(header!.Value.Peer, out IpEndpoint from), Is.True);
        Assert.That(from.Address.ToString(), Is.EqualTo(Left.Address));
        server.SendTo(from, Text("answer"));

        Assert.That(client.ReceiveDatagram(out _), Is.EqualTo(Text("answer")));
    }

    [Test]
    public void A_connected_socket_needs_no_header()
    {
        (TestSocket client, TestSocket server) = ConnectBoth();

        client.Send(Text("one"));
        client.Send([]);
        client.Send(Text("three"));

        byte[]?[] heard = [server.ReceiveDatagram(out _), server.ReceiveDatagram(out _), server.ReceiveDatagram(out _)];
        Assert.That(heard, Is.EqualTo([Text("one"), [], Text("three")]));
    }

    [Test]
    public void A_closed_port_is_told_to_who_is_connected()
    {
        TestSocket client = Left.OpenDatagram();
        client.ConnectDatagram(Right.Endpoint(99));

        client.Send(Text("nobody there"));

        Assert.That(ErrorOf(client), Is.EqualTo(Errno.ECONNREFUSED));
    }

    [Test]
    public void A_closed_port_is_not_told_to_who_is_not()
    {
        TestSocket client = Left.OpenDatagram();

        client.SendTo(Right.Endpoint(99), Text("nobody there"));

        Assert.That(client.ReceiveDatagram(out _), Is.Null);
    }

    [Test]
    public void An_error_that_finds_the_program_s_queue_full_is_told_when_there_is_room()
    {
        (TestSocket client, TestSocket server) = ConnectBoth();
        Flood(server, 1000);
        server.Close();

        client.Send(Text("too late")); // answered with port unreachable

        int datagrams = 0;
        Errno error = Errno.None;
        while (error == Errno.None && client.ReceiveDatagram(out DatagramHeader? header) is not null)
        {
            error = (Errno)(header?.Error ?? 0);
            datagrams++;
            Network.Settle();
        }
        Assert.That((error, datagrams), Is.EqualTo((Errno.ECONNREFUSED, datagrams)));
        Assert.That(datagrams, Is.GreaterThan(10));
    }

    [Test]
    public void What_a_full_receiver_has_no_room_for_is_dropped_and_counted()
    {
        const int count = 3000;
        (TestSocket client, TestSocket server) = ConnectBoth();

        Flood(client, count);

        int received = 0;
        int expected = 0;
        while (server.ReceiveDatagram(out _) is { } datagram)
        {
            if (received == expected && BitConverter.ToInt32(datagram) == expected)
                expected++;
            received++;
            Network.Settle();
        }
        long dropped = Right.Host.Stack.Counters.Dropped(DropReason.MessageQueueFull);
        Assert.That(received + dropped, Is.EqualTo(count));
        Assert.That(received, Is.InRange(50, count - 50), "some, and not all");
        Assert.That(expected, Is.EqualTo(received), "the first, in their order");
        AssertOneArrives(client, server);
    }

    [Test]
    public void Nonsense_from_the_program_hurts_nobody_else()
    {
        (TestSocket client, TestSocket server) = ConnectBoth();
        TestSocket other = Left.OpenDatagram();
        Random random = new(1);
        for (int round = 0; round < 500; round++)
        {
            byte[] octets = new byte[random.Next(0, 200)];
            random.NextBytes(octets);
            if (octets.Length >= sizeof(ulong) && random.Next(2) == 0)
                BitConverter.TryWriteBytes(octets, Left.Credentials.Mark);
            other.Send(octets);
        }

        AssertOneArrives(client, server);
        AssertHostsWork();
    }

    [Test]
    public void Closing_frees_the_port_at_once()
    {
        Left.BindDatagram(53).Close();

        Assert.That(Left.Bridge.Sockets.Count, Is.Zero);
        Left.BindDatagram(53);
    }

    private (TestSocket Client, TestSocket Server) ConnectBoth()
    {
        TestSocket server = Right.BindDatagram(53);
        TestSocket client = Left.BindDatagram(54);
        Assert.That(client.ConnectDatagram(Right.Endpoint(53)), Is.EqualTo(Errno.None));
        Assert.That(server.ConnectDatagram(Left.Endpoint(54)), Is.EqualTo(Errno.None));
        return (client, server);
    }

    /// <summary>Numbered datagrams of 1,000 octets, each taken by the host before the next.</summary>
    private static void Flood(TestSocket sender, int count)
    {
        byte[] payload = new byte[1000];
        for (int number = 0; number < count; number++)
        {
            BitConverter.TryWriteBytes(payload, number);
            Assert.That(sender.Send(payload), Is.EqualTo(payload.Length));
        }
    }

    private static void AssertOneArrives(TestSocket client, TestSocket server)
    {
        client.Send(Text("after all"));
        Assert.That(server.ReceiveDatagram(out _), Is.EqualTo(Text("after all")));
    }

    private static Errno ErrorOf(TestSocket socket)
    {
        socket.ReceiveDatagram(out DatagramHeader? header);
        return (Errno)(header?.Error ?? 0);
    }
}
