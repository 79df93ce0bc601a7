using System.Runtime.InteropServices;
using Pyco.Host.Bridge;
using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>Whatever somebody says to a host, only that one's own connection suffers.</summary>
internal sealed class HostileClientTests : HostTest
{
    private static readonly IEnumerable<TestCaseData> Nonsense =
    [
        Case("nothing but zeros", request => request.Clear()),
        Case("another magic", request => request[0]++),
        Case("another version", request => request[4]++),
        Case("another secret", request => request[8 + HostProtocol.SecretLength - 1] ^= 1),
        Case("no secret", request => request.Slice(8, HostProtocol.SecretLength).Clear()),
    ];

    private delegate void Change(Span<byte> request);

    [TestCaseSource(nameof(Nonsense))]
    public void Nonsense_closes_its_connection(Delegate change)
    {
        byte[] octets = Octets(Left.NewRequest(Operation.GetInterface));
        ((Change)change)(octets);
        RawClient client = Left.Dial();

        client.Send(octets, client.Descriptor);

        Assert.That(client.IsClosedByHost(), Is.True);
        Assert.That(Left.Bridge.OpenChannels, Is.Zero);
        AssertHostsWork();
    }

    [Test]
    public void A_request_that_comes_octet_by_octet_is_answered()
    {
        byte[] octets = Octets(Left.NewRequest(Operation.GetInterface));
        RawClient client = Left.Dial();

        foreach (byte octet in octets[..^1])
            client.Send([octet]);
        Assert.That(Left.Bridge.OpenChannels, Is.EqualTo(1));
        client.Send([octets[^1]]);

        Assert.That(Left.Bridge.OpenChannels, Is.Zero);
        Assert.That(client.IsClosedByHost(), Is.False, "the answer is there to read");
    }

    [Test]
    public void What_follows_a_request_is_not_taken_for_another()
    {
        byte[] octets = Octets(Left.NewRequest(Operation.GetInterface));
        RawClient client = Left.Dial();

        client.Send([.. octets, .. octets, .. new byte[60_000]]);

        Assert.That(Left.Bridge.OpenChannels, Is.Zero);
        AssertHostsWork();
    }

    [Test]
    public void A_connection_that_says_nothing_is_closed_after_five_seconds()
    {
        RawClient silent = Left.Dial();
        RawClient slow = Left.Dial();
        slow.Send(new byte[100]);
        Network.Wait(TimeSpan.FromSeconds(4.9));
        Assert.That((silent.IsClosedByHost(), slow.IsClosedByHost()), Is.EqualTo((false, false)));

        Network.Wait(TimeSpan.FromSeconds(0.2));

        Assert.That((silent.IsClosedByHost(), slow.IsClosedByHost()), Is.EqualTo((true, true)));
    }

    [Test]
    public void A_client_that_leaves_in_mid_request_leaves_nothing_behind()
    {
        TestSocket own = Left.OpenStream();
        int before = Kernel.OpenDescriptors;
        RawClient client = Left.Dial();
        client.Send(Octets(Left.NewRequest(Operation.Bind)).AsSpan(0, 150), own.Descriptor);
        Assert.That(Left.Bridge.OpenChannels, Is.EqualTo(1));

        client.Close();

        Assert.That(Left.Bridge.OpenChannels, Is.Zero);
        Assert.That(Kernel.OpenDescriptors, Is.EqualTo(before));
    }

    [Test]
    public void Silent_connections_are_few_and_do_not_keep_others_out()
    {
        RawClient[] silent = [.. Enumerable.Range(0, RequestChannels.Most + 100).Select(_ => Left.Dial())];
        Network.Settle();

        Assert.That(Left.Bridge.OpenChannels, Is.EqualTo(RequestChannels.Most));
        Assert.That(silent.Count(client => client.IsClosedByHost()), Is.EqualTo(100), "the oldest had to go");
        AssertHostsWork();
    }

    [Test]
    public void Who_connects_without_end_does_not_stop_the_others()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        for (int number = 0; number < 300; number++)
            Left.Dial();
        client.Post(Text("meanwhile"));

        Network.Turn();

        Assert.That(Left.Bridge.OpenChannels, Is.InRange(1, 100), "the rest has to wait for the next turn");
        Assert.That(ReadText(server), Is.EqualTo("meanwhile"));
    }

    [Test]
    public void Who_tells_options_without_end_does_not_stop_the_others()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        for (int number = 0; number < 100; number++)
            client.PostNote(StreamOption.NoDelay, number % 2);
        client.Post(Text("at last"));

        Network.Turn();

        Assert.That(client.Unread, Is.Not.Zero, "the rest has to wait for the next turn");
        Network.Settle();
        Assert.That(client.Unread, Is.Zero);
        Assert.That(ReadText(server), Is.EqualTo("at last"));
    }

    [Test]
    public void Who_sends_a_filler_without_end_does_not_stop_the_others()
    {
        const int filler = 200;
        TestSocket listener = Right.Listen(80);
        TestSocket client = Left.OpenStream();
        Left.Link.IsCut = true;
        Kernel.Check(UnixAddress.Connect(client.Descriptor, Left.Names.Requests));
        client.PostConnectRequest(Right.Endpoint(80), filler, RequestFlags.None, posted: 0);
        for (int number = 0; number < filler; number++)
            client.PostWithDescriptor([0]); // each ends a read
        client.Post(Text("at last"));
        int before = client.Unread;
        int most = 0;

        Left.Link.IsCut = false;
        for (int unread; (unread = client.Unread) > 0;)
        {
            if (Network.Turn() == 0 && !Left.IsAwake && !Right.IsAwake)
                Network.Wait(TimeSpan.FromSeconds(0.1));
            most = Math.Max(most, unread - client.Unread);
        }

        Assert.That(most, Is.LessThan(before / 2), "read in one turn");
        TestSocket server = listener.Accept() ?? throw new AssertionException("nothing to accept");
        Network.Settle();
        Assert.That(ReadText(server), Is.EqualTo("at last"));
    }

    [Test]
    public void Who_tells_options_without_end_before_a_request_is_closed()
    {
        TestSocket client = Left.OpenStream();
        Kernel.Check(UnixAddress.Connect(client.Descriptor, Left.Names.Requests));

        for (int number = 0; number < 1200 && (client.Events & Constants.EpollHup) == 0; number++)
        {
            client.PostNote(StreamOption.NoDelay, 1);
            if (number % 100 == 0)
                Network.Settle();
        }

        Assert.That(client.Events & Constants.EpollHup, Is.Not.Zero);
        Assert.That(Left.Bridge.OpenChannels, Is.Zero);
        AssertHostsWork();
    }

    [Test]
    public void Descriptors_that_nobody_asked_for_are_closed([Values(1, 2, 4, 5, 16)] int count)
    {
        int before = Kernel.OpenDescriptors;
        RawClient client = Left.Dial();
        int[] attached = [.. Enumerable.Repeat(client.Descriptor, count)];

        client.Send(Left.NewRequest(Operation.GetInterface), attached);
        client.Close();

        Assert.That(Kernel.OpenDescriptors, Is.EqualTo(before));
    }

    [Test]
    public void A_replayed_request_does_what_it_would_do_if_it_were_new()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        byte[] connect = Octets(Left.NewRequest(Operation.Connect));
        RawClient stranger = Left.Dial();
        TestSocket bound = Left.BindDatagram(5000);
        Request bind = Left.NewRequest(Operation.Bind);
        bind.Address = WireAddresses.Write(Left.Endpoint(5000), isV6: false);

        stranger.Send(connect);

        Assert.That(stranger.IsClosedByHost(), Is.True, "it has no name, so it is no socket of a program");
        Assert.That((Errno)bound.Ask(bind).Error, Is.EqualTo(Errno.EINVAL), "it is bound already");
        AssertTheySpeak(client, server);
    }

    [Test]
    public void Random_requests_with_the_right_secret_hurt_only_their_own_sockets([Values(1, 2, 3)] int seed)
    {
        (TestSocket client, TestSocket server) = Connect(80);
        int before = Kernel.OpenDescriptors;
        Random random = new(seed);

        for (int round = 0; round < 1000; round++)
        {
            using TestSocket own = random.Next(4) == 0 ? Left.OpenDatagram() : Left.OpenStream(random.Next(2) == 0);
            for (int left = random.Next(1, 5); left > 0; left--)
                SendRandomRequest(own, random);
        }
        Network.Wait(TimeSpan.FromMinutes(5)); // what they have begun fails

        AssertTheySpeak(client, server);
        AssertHostsWork();
        Assert.That(Kernel.OpenDescriptors, Is.EqualTo(before), $"seed {seed}");
        Assert.That(Left.Bridge.Sockets.Count, Is.LessThan(20), $"seed {seed}");
    }

    private unsafe void SendRandomRequest(TestSocket own, Random random)
    {
        Request request = Left.NewRequest(default);
        byte[] rest = new byte[sizeof(Request)];
        random.NextBytes(rest);
        Span<byte> octets = MemoryMarshal.AsBytes(new Span<Request>(ref request));
        const int operation = 6;
        int address = 8 + HostProtocol.SecretLength;
        rest.AsSpan(address).CopyTo(octets[address..]);
        octets[operation] = (byte)random.Next(0, 24);
        if (random.Next(2) == 0)
        {
            request.Address = WireAddresses.Write(Right.Endpoint((ushort)random.Next(1, 200)), isV6: false);
            request.OptionLevel = random.Next(2) == 0 ? OptionNumbers.IpProtoTcp : Constants.SolSocket;
            request.OptionName = random.Next(0, 20);
            request.OptionLength = (ushort)random.Next(0, 10);
        }
        using RawClient client = Left.Dial(random.Next(8) == 0 ? Constants.SockSeqpacket : Constants.SockStream);
        client.Send(request, own.Descriptor);
    }

    private static TestCaseData Case(string name, Change change) => new TestCaseData(change).SetArgDisplayNames(name);

    private static byte[] Octets(Request request) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<Request>(in request)).ToArray();
}
