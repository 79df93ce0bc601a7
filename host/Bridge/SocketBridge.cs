using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Host.Bridge;

/// <summary>
/// Joins the programs' kernel sockets to a stack's: finds each by its kernel name, answers requests, and lets
/// <see cref="StreamSocket"/> and <see cref="DatagramSocket"/> move the data.
/// </summary>
internal sealed class SocketBridge : IDisposable
{
    private const int RequestBacklog = 4096; // Linux's net.core.somaxconn

    /// <summary>How long a connection may keep the spare descriptors from those behind it.</summary>
    private static readonly TimeSpan BorrowerPatience = TimeSpan.FromMilliseconds(100);

    private readonly NetworkStack _stack;
    private readonly Action _wake;
    private readonly Acceptor _requests;
    private readonly Acceptor _datagrams;
    private readonly RequestChannels _channels;
    private readonly Notes _notes;
    private readonly SpareDescriptors _spares = new();
    private readonly List<SocketSource> _unfinishedTurns = [];
    private readonly List<ProgramSocket> _reaped = [];
    private RequestChannel? _borrower;
    private Instant _borrowedUntil;

    /// <param name="loop">Watches the descriptors.</param>
    /// <param name="stack">Where the sockets live.</param>
    /// <param name="credentials">The host's id, secret and mark.</param>
    /// <param name="identity">What programs see of the host.</param>
    /// <param name="wake">Called when the stack has got work outside a turn.</param>
    /// <param name="log">Takes a line for the user.</param>
    public SocketBridge(
        EventLoop loop,
        NetworkStack stack,
        HostCredentials credentials,
        HostIdentity identity,
        Action wake,
        Action<string> log)
    {
        Loop = loop;
        _stack = stack;
        Credentials = credentials;
        _wake = wake;
        Names = new SocketNames(credentials.Id);
        Shortage = new DescriptorShortage(log);
        HandOvers = new HandOvers(this);
        RequestHandler handler = new(this, stack, identity);
        _channels = new RequestChannels(this, handler);
        _requests = Listen(Names.Requests, Constants.SockStream, AnswerWithSpares);
        _datagrams = Listen(Names.Datagrams, Constants.SockSeqpacket, LeaveWaiting);
        _notes = new Notes(this, handler);
    }

    /// <summary>Called when a program begins to wait for connections.</summary>
    public Action? Listens { get; set; }

    public EventLoop Loop { get; }

    public HostCredentials Credentials { get; }

    public SocketNames Names { get; }

    public SocketTable Sockets { get; } = new();

    public HandOvers HandOvers { get; }

    public ReceiveRings ReceiveRings { get; } = new();

    public DescriptorShortage Shortage { get; }

    public RecentErrors Errors { get; } = new();

    public RecentNames RecentNames { get; } = new();

    /// <summary>How many sockets have a <see cref="SendRingReader"/>.</summary>
    public int SendRings { get; set; }

    /// <summary>Connections that have not said yet what they want.</summary>
    public int OpenChannels => _channels.Count;

    /// <summary>True while a request is served with the last descriptors: nothing that it makes may keep one.</summary>
    public bool HasOnlySpares { get; private set; }

    /// <summary>Whether a socket must not keep this descriptor, because requests would have none left.</summary>
    public bool IsScarce(int descriptor) => HasOnlySpares || Shortage.IsAmongLast(descriptor);

    /// <inheritdoc cref="EventLoop.MessageBuffer"/>
    public byte[] MessageBuffer => Loop.MessageBuffer;

    public void Wake() => _wake();

    /// <summary>The source of choice on the link.</summary>
    public IpAddress FirstAddress => _stack.Options.Addresses[0].Address;

    /// <summary>The socket of this name, made in the stack when it is first heard of.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="now">The moment.</param>
    /// <param name="isAttached">The host gets an end of it now, whose closing will tell that its program has let go.</param>
    public ProgramSocket FindOrOpen(SocketKey key, Instant now, bool isAttached = false)
    {
        if (Sockets.Find(key) is { } known)
            return known;
        ProgramSocket socket = key.Kind switch
        {
            SocketKind.Udp => new DatagramSocket(this, key, _stack.OpenUdp(key.IsV6)),
            SocketKind.Echo => new DatagramSocket(this, key, _stack.OpenEcho()),
            _ => new StreamSocket(this, key, _stack.OpenTcp(key.IsV6)),
        };
        if (isAttached)
            Sockets.AddAttached(socket);
        else
            Sockets.Add(socket, now);
        return socket;
    }

    /// <summary>A socket whose program has let go is closed at the end of the turn, or of the next one.</summary>
    public void Reap(ProgramSocket socket)
    {
        _reaped.Add(socket);
        Wake();
    }

    /// <summary>The socket could have gone on, but others wait.</summary>
    public void ContinueNextTurn(SocketSource socket)
    {
        if (socket.IsToContinue)
            return;
        socket.IsToContinue = true;
        _unfinishedTurns.Add(socket);
        Wake();
    }

    /// <summary>Works off what the stack has changed and what was put off.</summary>
    /// <returns>When to call again even if nothing happens, or null.</returns>
    public Instant? Advance(Instant now)
    {
        while (_stack.TryTakeChanged(out StackSocket? changed))
            (changed!.Owner as IStackSocketOwner)?.OnStackEvents(changed.TakeEvents(), now);
        ContinueUnfinished(now);
        foreach (ProgramSocket socket in _reaped)
            socket.Abandon(now);
        _reaped.Clear();
        if (_borrower is { } borrower && now >= _borrowedUntil)
            _channels.Close(borrower);
        Instant? next = HandOvers.Advance(now);
        if (_borrower is not null)
            next = Instant.Earlier(next, _borrowedUntil);
        next = Instant.Earlier(next, ReceiveRings.Advance(now));
        next = Instant.Earlier(next, _channels.Advance(now));
        next = Instant.Earlier(next, _requests.Advance(now));
        return Instant.Earlier(next, _datagrams.Advance(now));
    }

    /// <summary>Datagram sockets announce themselves on their own; a request about one may be heard first.</summary>
    public void HearDatagramSockets(Instant now) => _datagrams.AcceptAll(RequestBacklog, now);

    /// <summary>What programs have told before they asked for what is about to be done.</summary>
    public void HearNotes(Instant now) => _notes.HearAll(now);

    /// <summary>A request's connection has been closed.</summary>
    public void OnClosed(RequestChannel channel)
    {
        if (channel != _borrower)
            return;
        _borrower = null;
        TakeSparesBack();
        _requests.Resume();
    }

    /// <summary>
    /// There is no descriptor for a connection that can wait in the kernel, where what is sent on it meanwhile waits too.
    /// </summary>
    /// <returns>EMFILE.</returns>
    public Errno LeaveWaiting(Acceptor acceptor, Instant now)
    {
        NoteShortage(now);
        return Errno.EMFILE;
    }

    public void Dispose()
    {
        UnixAddress[] listeners =
        [
            .. Sockets.All.OfType<StreamSocket>().Where(socket => socket.IsListening).Select(socket => Names.Program(socket.Key)),
        ];
        foreach (ProgramSocket socket in Sockets.All.ToArray())
        {
            if (socket is StreamSocket stream)
                stream.Abort(Loop.Now);
            else
                socket.Abandon(Loop.Now);
        }
        _channels.Dispose();
        _requests.Dispose();
        _datagrams.Dispose();
        _notes.Dispose();
        _spares.Dispose();
        foreach (UnixAddress listener in listeners)
            KernelSockets.WakeListener(listener); // now that nobody answers where their library asks
    }

    private Acceptor Listen(in UnixAddress name, int type, Func<Acceptor, Instant, Errno> tryInShortage) =>
        new(Loop, name, type, RequestBacklog, (descriptor, now) => _channels.Add(descriptor, type, now), tryInShortage);

    private void ContinueUnfinished(Instant now)
    {
        if (_unfinishedTurns.Count == 0)
            return;
        SocketSource[] sockets = [.. _unfinishedTurns];
        _unfinishedTurns.Clear();
        foreach (SocketSource socket in sockets)
        {
            socket.IsToContinue = false;
            if (socket.IsAttached)
                socket.OnEvents(0, now);
        }
    }

    /// <summary>
    /// Serves one waiting request with the spare descriptors. It may have to be waited for: who has connected sends in
    /// the next moment.
    /// </summary>
    private Errno AnswerWithSpares(Acceptor requests, Instant now)
    {
        NoteShortage(now);
        if (HasOnlySpares)
            return Errno.EMFILE;
        if (!_spares.TryRelease())
        {
            _spares.Refill(); // somebody may have closed something since
            return Errno.EMFILE;
        }
        HasOnlySpares = true;
        Errno error = requests.TryAccept(now);
        if (error == Errno.None && _channels.Newest is { } channel)
        {
            (_borrower, _borrowedUntil) = (channel, now + BorrowerPatience);
            return Errno.EMFILE;
        }
        TakeSparesBack();
        return error;
    }

    private void TakeSparesBack()
    {
        HasOnlySpares = false;
        _spares.Refill();
    }

    private void NoteShortage(Instant now)
    {
        Shortage.Note(now);
        Wake(); // a pause may have begun, whose end only Advance tells
    }
}
