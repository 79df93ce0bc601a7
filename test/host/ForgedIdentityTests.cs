using System.Text;
using Pyco.Host.Bridge;
using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>
/// A program with the right secret that would act on another's socket: the host believes only what the kernel says about
/// the descriptor that came.
/// </summary>
internal sealed class ForgedIdentityTests : HostTest
{
    [Test]
    public void A_request_without_a_socket_is_refused() => Assert.That(AnswerTo(), Is.EqualTo(Errno.ENOTSOCK));

    [Test]
    public void What_is_no_socket_is_refused([Values("/dev/null", "/proc/self/status", "/")] string path)
    {
        const int readOnly = 0;
        using Owned file = new(Kernel.Check(Libc.open(path, readOnly, 0)));

        Assert.That(AnswerTo(file.Descriptor), Is.EqualTo(Errno.ENOTSOCK));
    }

    [Test]
    public void A_socket_of_the_machine_s_own_network_is_refused()
    {
        using Owned socket = new(Kernel.Check(Libc.socket(Constants.AfInet, Constants.SockStream | Constants.SockCloexec, 0)));
        Kernel.Check(Libc.listen(socket.Descriptor, 1));

        Assert.That(AnswerTo(socket.Descriptor), Is.EqualTo(Errno.ENOTSOCK));
    }

    [Test]
    public void A_socket_without_a_name_is_refused()
    {
        using Owned socket = new(Kernel.NewUnixSocket(Constants.SockStream));

        Assert.That(AnswerTo(socket.Descriptor), Is.EqualTo(Errno.ENOTSOCK));
    }

    [Test]
    public void A_socket_of_another_host_is_refused() =>
        Assert.That(AnswerTo(Right.OpenStream().Descriptor), Is.EqualTo(Errno.ENOTSOCK));

    [Test]
    public void The_first_of_several_sockets_is_the_one_that_counts()
    {
        TestSocket bound = Left.BindDatagram(5000);
        using RawClient client = Left.Dial();

        Reply? reply = client.Ask(Left.NewRequest(Operation.GetLocalAddress), bound.Descriptor, Left.OpenStream().Descriptor);

        Assert.That(reply!.Value.Address.Port, Is.EqualTo(5000));
    }

    [Test]
    public void A_name_of_another_type_does_not_make_the_socket([Values(Constants.SockDgram, Constants.SockSeqpacket)] int type)
    {
        (TestSocket client, TestSocket server) = Connect(80);
        using Owned twin = Named(type, NameOf(client));

        Assert.That(AnswerTo(twin.Descriptor), Is.EqualTo(Errno.ENOTSOCK));
        AssertTheySpeak(client, server);
    }

    [Test]
    public void A_name_of_the_other_family_does_not_make_the_socket()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        using Owned twin = Named(Constants.SockStream, NameOf(client).Replace("/t4/", "/t6/", StringComparison.Ordinal));

        Assert.That(AnswerTo(twin.Descriptor), Is.EqualTo(Errno.ENOTSOCK));
        AssertTheySpeak(client, server);
    }

    [Test]
    public void A_name_in_upper_case_does_not_make_the_socket()
    {
        // Cookies are counted up: one of them soon has a letter.
        string name = Enumerable.Range(0, 64).Select(_ => NameOf(Left.OpenStream())).First(open => char.IsAsciiLetter(open[^1]));
        using Owned twin = Named(Constants.SockStream, name[..^1] + char.ToUpperInvariant(name[^1]));

        Assert.That(AnswerTo(twin.Descriptor), Is.EqualTo(Errno.ENOTSOCK));
    }

    [Test]
    public void A_name_that_another_socket_will_want_does_not_make_the_socket()
    {
        SocketKey future = new(SocketKind.Tcp, IsV6: false, Kernel.Cookie(Left.OpenStream().Descriptor) + 1_000_000);
        using Owned squatter = Named(Constants.SockStream, Left.Names.Program(future).Name);

        Assert.That(AnswerTo(squatter.Descriptor), Is.EqualTo(Errno.ENOTSOCK));
        Assert.That(Left.Bridge.Sockets.Find(future), Is.Null);
    }

    [Test]
    public void A_peer_that_calls_itself_the_host_does_not_make_an_accepted_connection()
    {
        TestSocket listener = Left.Listen(80);
        TestSocket peer = Right.OpenStream();
        peer.Connect(Left.Endpoint(80));
        TestSocket victim = listener.Accept()!;
        Assert.That(Left.Names.TryReadAccepted(PeerNameOf(victim), out ulong number), Is.True);
        // The same number, with other endpoints: a name that is still free. The connection comes from another process.
        UnixAddress forged = Left.Names.Accepted(number, Left.Endpoint(80), Right.Endpoint(1));
        using ForeignConnection foreign = new(NameOf(listener), forged.Name);
        TestSocket accepted = listener.Accept()!;

        Assert.That(AnswerTo(accepted.Descriptor), Is.EqualTo(Errno.ENOTSOCK));
        AssertTheySpeak(peer, victim);
    }

    [Test]
    public void A_stream_does_not_become_a_datagram_socket_by_its_name()
    {
        ulong number = Kernel.Cookie(Left.OpenStream().Descriptor) + 1_000_000;
        SocketKey key = new(SocketKind.Udp, IsV6: false, number);
        using Owned stream = Named(Constants.SockStream, Left.Names.Program(key).Name);
        Kernel.Check(UnixAddress.Connect(stream.Descriptor, Left.Names.Requests));

        Say(stream, Left.NewRequest(Operation.OpenDatagram));

        Assert.That(Left.Bridge.Sockets.Find(key), Is.Null);
        Assert.That(Left.Bridge.OpenChannels, Is.Zero);
    }

    /// <summary>The host's answer to a request that would hurt the socket if it were believed.</summary>
    private Errno AnswerTo(params ReadOnlySpan<int> attached)
    {
        using RawClient client = Left.Dial();
        Reply? reply = client.Ask(Left.NewRequest(Operation.Shutdown, Constants.ShutRdwr), attached);
        return reply is { } answer ? (Errno)answer.Error : throw new AssertionException("no answer");
    }

    private unsafe void Say(Owned socket, Request request)
    {
        Kernel.Check((int)Libc.send(socket.Descriptor, &request, (nuint)sizeof(Request), Constants.MsgNosignal));
        Network.Settle();
    }

    private static string NameOf(TestSocket socket)
    {
        Kernel.Check(UnixAddress.GetLocal(socket.Descriptor, out UnixAddress name));
        return Encoding.ASCII.GetString(name.AbstractName);
    }

    private static UnixAddress PeerNameOf(TestSocket socket)
    {
        Kernel.Check(UnixAddress.GetPeer(socket.Descriptor, out UnixAddress name));
        return name;
    }

    private static Owned Named(int type, string name)
    {
        Owned socket = new(Kernel.NewUnixSocket(type));
        Kernel.Check(UnixAddress.Bind(socket.Descriptor, UnixAddress.Abstract(name)));
        return socket;
    }

    private sealed class Owned(int descriptor) : IDisposable
    {
        public int Descriptor => descriptor;

        public void Dispose() => _ = Libc.close(descriptor);
    }
}
