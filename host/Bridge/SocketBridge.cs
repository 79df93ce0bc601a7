using System.Runtime.InteropServices;
using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>
/// Joins the programs' kernel sockets to a stack's: finds each by its kernel name, answers requests, and lets
/// <see cref="StreamSocket"/> and <see cref="DatagramSocket"/> move the data.
/// </summary>
internal sealed class SocketBridge : IDisposable
{
    /// <summary>How long a connection may be silent before it has shown the secret.</summary>
    public static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(5);

    /// <summary>When a program's accept queue was full: often enough to keep a busy server busy.</summary>
    private static readonly TimeSpan HandOverRetry = TimeSpan.FromMilliseconds(2);

    private const int MaxChannels = 512;
    private const int RequestBacklog = 4096;

    private readonly NetworkStack _stack;
    private readonly Action _wake;
    private readonly Acceptor _requests;
    private readonly Acceptor _datagrams;
    private readonly RequestHandler _handler;
    private readonly LinkedList<RequestChannel> _channels = new();
    private readonly Dictionary<SocketKey, ProgramSocket> _sockets = [];
    private readonly Queue<(StreamSocket Listener, TcpSocket Connection)> _handOvers = new();
    private readonly List<ProgramSocket> _unfinishedTurns = [];
    private readonly List<ProgramSocket> _reaped = [];
    private Instant? _handOverAt;

    /// <param name="loop">Watches the descriptors.</param>
    /// <param name="stack">Where the sockets live.</param>
    /// <param name="credentials">The host's id, secret and mark.</param>
    /// <param name="identity">What programs see of the host.</param>
    /// <param name="wake">Called when the stack has got work outside a turn.</param>
    public SocketBridge(
        EventLoop loop, NetworkStack stack, HostCredentials credentials, HostIdentity identity, Action wake)
    {
        Loop = loop;
        _stack = stack;
        Credentials = credentials;
        _wake = wake;
        Names = new SocketNames(credentials.Id);
        _handler = new RequestHandler(this, stack, identity);
        _requests = new Acceptor(Names.Requests, Constants.SockStream, RequestBacklog, AddChannel);
        _datagrams = new Acceptor(Names.Datagrams, Constants.SockSeqpacket, RequestBacklog, AddChannel);
        loop.Add(_requests, Constants.EpollIn);
        loop.Add(_datagrams, Constants.EpollIn);
    }

    public EventLoop Loop { get; }

    public HostCredentials Credentials { get; }

    public SocketNames Names { get; }

    public RecentErrors Errors { get; } = new();

    /// <summary>Room for the longest datagram with its header, shared because a loop does one thing at a time.</summary>
    public byte[] MessageBuffer { get; } = GC.AllocateUninitializedArray<byte>(128 * 1024, pinned: true);

    /// <summary>True while a connection has something left to say to its peer.</summary>
    public bool HasUnfinished => _sockets.Values.Any(socket => socket is StreamSocket { IsUnfinished: true, IsListening: false } stream && stream.Tcp.Remote is not null);

    public void Wake() => _wake();

    public ProgramSocket? Find(SocketKey key) => _sockets.GetValueOrDefault(key);

    /// <summary>The socket of this name, made in the stack when it is first heard of.</summary>
    public ProgramSocket FindOrOpen(SocketKey key, bool isV6)
    {
        if (!_sockets.TryGetValue(key, out ProgramSocket? socket))
        {
            socket = key.Kind == SocketKind.Udp
                ? new DatagramSocket(this, key, isV6, _stack.OpenUdp(isV6))
                : new StreamSocket(this, key, isV6, _stack.OpenTcp(isV6));
            _sockets.Add(key, socket);
        }
        return socket;
    }

    public void Forget(ProgramSocket socket) => _sockets.Remove(socket.Key);

    /// <summary>A socket whose program has let go is closed at the end of the turn.</summary>
    public void Reap(ProgramSocket socket) => _reaped.Add(socket);

    /// <summary>The socket could have gone on, but others wait.</summary>
    public void ContinueNextTurn(ProgramSocket socket)
    {
        _unfinishedTurns.Add(socket);
        Wake();
    }

    /// <summary>Closes what nobody holds any more. Called when a port is wanted and when the programs have ended.</summary>
    /// <returns>How many sockets are still held.</returns>
    public int ReapAbandoned(Instant now)
    {
        int held = 0;
        foreach (ProgramSocket socket in _sockets.Values.ToArray())
        {
            if (socket is DatagramSocket datagram && datagram.EndIfClosed(now))
                continue;
            bool isOurs = socket.IsAttached || socket is StreamSocket { Key.Kind: SocketKind.Accepted };
            if (isOurs)
                held += socket.IsAttached ? 1 : 0;
            else if (socket is StreamSocket { Tcp.Remote: not null })
                continue; // closed by its program: TCP is finishing it
            else if (socket.IsHeld())
                held++;
            else
                socket.Abandon(now);
        }
        return held;
    }

    /// <summary>Works off what the stack has changed and what was put off.</summary>
    /// <returns>When to call again even if nothing happens, or null.</returns>
    public Instant? Advance(Instant now)
    {
        while (_stack.TryTakeChanged(out StackSocket? changed))
            (changed!.Owner as ProgramSocket)?.OnStackEvents(changed.TakeEvents(), now);
        ContinueUnfinished(now);
        foreach (ProgramSocket socket in _reaped)
            socket.Abandon(now);
        _reaped.Clear();
        if (_handOverAt is { } at && now >= at)
            RetryHandOvers(now);
        Instant? expiry = ExpireChannels(now);
        return Instant.Earlier(_handOverAt, expiry);
    }

    public void OnRequest(RequestChannel channel, in Request request, Instant now)
    {
        try
        {
            _handler.Handle(channel, request, now);
        }
        finally
        {
            Close(channel);
        }
        Wake();
    }

    public void Close(RequestChannel channel)
    {
        Loop.Remove(channel);
        channel.CloseDescriptors();
        _channels.Remove(channel);
    }

    /// <summary>Takes the connections that a listener has ready to their program.</summary>
    public void HandOver(StreamSocket listener, Instant now)
    {
        while (listener.Tcp.TryAccept(out TcpSocket? connection))
            HandOver(listener, connection!, now);
    }

    /// <summary>Datagram sockets announce themselves on their own; a request about one may be heard first.</summary>
    public void HearDatagramSockets(Instant now) => _datagrams.OnEvents(Constants.EpollIn, now);

    public void Dispose()
    {
        foreach (ProgramSocket socket in _sockets.Values.ToArray())
        {
            if (socket is StreamSocket stream)
                stream.Abort(Loop.Now);
            else
                socket.Abandon(Loop.Now);
        }
        foreach (RequestChannel channel in _channels)
            channel.CloseDescriptors();
        _requests.Dispose();
        _datagrams.Dispose();
    }

    private void AddChannel(int descriptor, Instant now)
    {
        if (_channels.Count >= MaxChannels)
            Close(_channels.First!.Value); // the one that has been silent for longest
        RequestChannel channel = new(this, descriptor, now);
        _channels.AddLast(channel);
        Loop.Add(channel, Constants.EpollIn);
        channel.OnEvents(Constants.EpollIn, now); // the request is mostly there already
        Wake();
    }

    private Instant? ExpireChannels(Instant now)
    {
        while (_channels.First?.Value is { } oldest)
        {
            if (oldest.ExpiresAt > now)
                return oldest.ExpiresAt;
            Close(oldest);
        }
        return null;
    }

    private void ContinueUnfinished(Instant now)
    {
        if (_unfinishedTurns.Count == 0)
            return;
        ProgramSocket[] sockets = [.. _unfinishedTurns];
        _unfinishedTurns.Clear();
        foreach (ProgramSocket socket in sockets)
        {
            if (socket.IsAttached)
                socket.OnEvents(0, now);
        }
    }

    private void RetryHandOvers(Instant now)
    {
        _handOverAt = null;
        for (int left = _handOvers.Count; left > 0; left--)
        {
            (StreamSocket listener, TcpSocket connection) = _handOvers.Dequeue();
            HandOver(listener, connection, now);
        }
    }

    /// <summary>
    /// Connects an AF_UNIX socket that carries both addresses in its name to the program's listening socket: the program
    /// accepts it there.
    /// </summary>
    private void HandOver(StreamSocket listener, TcpSocket connection, Instant now)
    {
        SocketKey key = new(SocketKind.Accepted, Entropy.System.NextUInt64());
        int descriptor = Libc.socket(
            Constants.AfUnix, Constants.SockStream | Constants.SockNonblock | Constants.SockCloexec, 0);
        if (descriptor < 0)
            throw SystemCallException.Last("socket");
        bool isConnected =
            UnixAddress.Bind(descriptor, Names.Accepted(key.Number, connection.Local, connection.Remote!.Value)) == 0 &&
            UnixAddress.Connect(descriptor, Names.Program(listener.Key, listener.IsV6)) == 0;
        if (isConnected)
        {
            StreamSocket accepted = new(this, key, listener.IsV6, connection);
            _sockets.Add(key, accepted);
            accepted.BeginAccepted(descriptor, now);
            return;
        }
        var error = (Errno)Marshal.GetLastPInvokeError();
        _ = Libc.close(descriptor);
        if (error == Errno.EAGAIN)
        {
            _handOvers.Enqueue((listener, connection));
            _handOverAt ??= now + HandOverRetry;
            return;
        }
        connection.Abort(now);
        Reap(listener);
    }
}
