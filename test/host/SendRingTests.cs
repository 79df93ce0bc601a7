using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>What UDP sockets send through shared memory, and what a program can do with it that it should not.</summary>
internal sealed unsafe class SendRingTests : HostTest
{
    private TestSocket _client = null!;
    private TestSocket _server = null!;
    private TestRing _ring = null!;

    [SetUp]
    public void ConnectBoth()
    {
        _server = Right.BindDatagram(53);
        _client = Left.OpenDatagram();
        _client.ConnectDatagram(Right.Endpoint(53));
        _ring = TestRing.Get(Network, Left, _client, out Errno error)!;
        Assert.That(error, Is.EqualTo(Errno.None));
    }

    [TearDown]
    public void Unmap()
    {
        _ring.Dispose();
        _client.Dispose();
        _server.Dispose();
    }

    [Test]
    public void Messages_of_the_ring_go_where_those_of_the_socket_go()
    {
        _client.Send(Text("one"));
        _ring.Write(Text("two"));
        _ring.Write([]);
        _client.Send(Text("four"));
        Assert.That(Received(), Is.EqualTo(new[] { "one", "two", "", "four" }));
    }

    [Test]
    public void What_was_sent_by_the_socket_before_there_was_a_ring_goes_first()
    {
        TestSocket other = Left.OpenDatagram();
        other.ConnectDatagram(Right.Endpoint(53));
        other.Post(Text("first"));
        using TestRing ring = TestRing.Get(Network, Left, other, out _)!;
        ring.Write(Text("second"));
        Assert.That(Received(), Is.EqualTo(new[] { "first", "second" }));
    }

    [Test]
    public void What_another_process_has_sent_by_the_socket_goes_before_what_it_sends_through_the_ring()
    {
        _client.Post(Text("first"));
        using TestRing same = TestRing.Get(Network, Left, _client, out _)!;
        same.Write(Text("second"));
        Assert.That(Received(), Is.EqualTo(new[] { "first", "second" }));
    }

    [Test]
    public void A_ring_that_is_never_empty_keeps_nobody_waiting_who_does_not_use_it()
    {
        _client.Post(Text("socket"));
        List<string> received = [];
        for (int turn = 0; turn < 100 && !received.Contains("socket"); turn++)
        {
            for (int number = 0; number < 20; number++)
                _ring.Post(Text("ring"));
            Network.Turn();
            while (_server.ReceiveDatagram(out _) is { } payload)
                received.Add(System.Text.Encoding.ASCII.GetString(payload));
        }
        Assert.That(received, Does.Contain("socket"));
    }

    [Test]
    public void A_connect_is_behind_what_was_sent_before_it()
    {
        TestSocket other = Right.BindDatagram(54);
        _client.Post(Text("to the first"));
        _client.ConnectDatagram(Right.Endpoint(54));
        _ring.Write(Text("to the second"));
        Assert.That(Received(), Is.EqualTo(new[] { "to the first" }));
        Assert.That(other.ReceiveDatagram(out _), Is.EqualTo(Text("to the second")));
    }

    [Test]
    public void A_detour_is_counted_and_goes_to_the_peer_or_to_whom_its_header_names()
    {
        TestSocket other = Right.BindDatagram(54);
        DatagramHeader header = _client.NewHeader();
        header.Error = SendSignal.Detour;
        _client.Send([.. Octets(header), .. Text("to the peer")]);
        Assert.That(_ring.Header->DetoursTaken, Is.EqualTo(1));
        header.Peer = Bridge.WireAddresses.Write(Right.Endpoint(54), isV6: false);
        _client.Send([.. Octets(header), .. Text("to the other")]);
        Assert.That(_ring.Header->DetoursTaken, Is.EqualTo(2));
        Assert.That(Received(), Is.EqualTo(new[] { "to the peer" }));
        Assert.That(other.ReceiveDatagram(out _), Is.EqualTo(Text("to the other")));
    }

    [Test]
    public void What_is_in_the_ring_when_the_socket_is_closed_still_goes()
    {
        for (int number = 0; number < 10; number++)
            _ring.Write(Text($"{number}"));
        _client.Close();
        Assert.That(Received(), Has.Count.EqualTo(10));
        Assert.That(_ring.Header->IsClosed, Is.EqualTo(1));
    }

    [Test]
    public void A_socket_has_one_ring_for_all_who_ask()
    {
        using TestRing same = TestRing.Get(Network, Left, _client, out _)!;
        same.Header->DetoursSent = 77;
        Assert.That(_ring.Header->DetoursSent, Is.EqualTo(77));
    }

    [Test]
    public void A_stream_has_none()
    {
        Assert.That(TestRing.Get(Network, Left, Left.OpenStream(), out Errno error), Is.Null);
        Assert.That(error, Is.EqualTo(Errno.EOPNOTSUPP));
    }

    [Test]
    public void A_host_has_so_many_rings_and_another_when_one_is_gone()
    {
        List<TestSocket> sockets = [];
        for (int number = 1; number < SendRing.MostOfHost; number++)
        {
            sockets.Add(Left.OpenDatagram());
            TestRing.Get(Network, Left, sockets[^1], out _)!.Dispose();
        }
        TestSocket last = Left.OpenDatagram();
        Assert.That(TestRing.Get(Network, Left, last, out Errno error), Is.Null);
        Assert.That(error, Is.EqualTo(Errno.ENOBUFS));
        sockets[0].Close();
        using TestRing ring = TestRing.Get(Network, Left, last, out error)!;
        Assert.That(error, Is.EqualTo(Errno.None));
    }

    [Test]
    public void Nonsense_in_the_ring_hurts_only_its_own_socket([Values(1, 2, 3)] int seed)
    {
        (TestSocket client, TestSocket server) = Connect(80);
        Random random = new(seed);
        ulong* words = (ulong*)_ring.Header;
        for (int round = 0; round < 3000; round++)
        {
            words[random.Next(32)] = random.Next(2) == 0 ? (ulong)random.NextInt64() : _ring.Header->Head + (ulong)random.Next(-5000, 300_000);
            for (int place = 0; place < 20; place++)
                ((uint*)_ring.Data)[random.Next(SendRing.DataOctets / sizeof(uint))] = (uint)random.Next(random.Next(2) == 0 ? 200 : int.MaxValue);
            if (random.Next(10) == 0)
                _client.Send(Text("wake up"));
            Network.Settle();
        }
        AssertTheySpeak(client, server);
        AssertHostsWork();
    }

    private List<string> Received()
    {
        List<string> all = [];
        while (_server.ReceiveDatagram(out _) is { } payload)
        {
            all.Add(System.Text.Encoding.ASCII.GetString(payload));
            Network.Settle();
        }
        return all;
    }

    private static byte[] Octets(in DatagramHeader header) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<DatagramHeader>(in header)).ToArray();
}
