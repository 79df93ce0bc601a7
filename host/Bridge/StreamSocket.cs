using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>
/// A program's TCP socket: moves octets between the kernel socket and the stack, each way only as much as the other side
/// takes, and maps the ends of both directions onto each other.
/// </summary>
internal sealed unsafe class StreamSocket : ProgramSocket
{
    /// <summary>A listener is busy that has taken so many connections, none of them later after the one before.</summary>
    private const int BusyCount = 8;

    /// <summary>How often the filler is read before the others have their turn. An honest one takes a few reads.</summary>
    private const int FillerReadsPerTurn = 32;

    private static readonly TimeSpan BusyPeriod = TimeSpan.FromMilliseconds(2);

    private StreamNotes? _notes;
    private PeekedMessage _peeked;
    private Instant? _lastTakenAt;
    private Instant? _heldUntil;
    private long _heldInTurn = -1;
    private int _takenInARow;
    private int _fillerLeft;
    private bool _isEnlarged;
    private bool _isConnecting;
    private bool _mayRead;
    private bool _hasEnd;
    private bool _saysMuch;
    private bool _isHungUp;
    private bool _programFinished;
    private bool _programClosed;
    private bool _peerFinished;
    private bool _toldPeerFinished;
    private bool _isOver;

    public StreamSocket(SocketBridge bridge, SocketKey key, TcpSocket tcp)
        : base(bridge, key)
    {
        Tcp = tcp;
        Tcp.Owner = this;
    }

    public TcpSocket Tcp { get; }

    public override StackSocket Stack => Tcp;

    public bool IsListening { get; private set; }

    public bool IsConnecting => _isConnecting;

    /// <summary>SO_LINGER with a time of zero: close resets.</summary>
    public bool ResetsOnClose { get; set; }

    /// <summary>True while TCP has something left to do for it.</summary>
    public bool IsUnfinished => !_isOver && Tcp.Remote is not null;

    public override Errno Bind(Pyco.Stack.Wire.IpEndpoint local) => Tcp.Bind(local);

    public override void Apply(RequestFlags flags)
    {
        base.Apply(flags);
        Tcp.NoDelay |= flags.HasFlag(RequestFlags.NoDelay);
        Tcp.KeepAlive = flags.HasFlag(RequestFlags.KeepAlive);
    }

    /// <summary>The program sets an option by a request: older notes in its stream must not undo that.</summary>
    public void NoteRequested(int level, int name)
    {
        if (!IsAttached)
            return;
        TakeOutPeeked(); // notes ask how much has not been read yet
        if (level == OptionNumbers.IpProtoTcp && name == OptionNumbers.TcpNoDelay)
            _notes?.Outdate(StreamOption.NoDelay);
        else if (level == Constants.SolSocket && name == OptionNumbers.SoKeepAlive)
            _notes?.Outdate(StreamOption.KeepAlive);
    }

    public Errno Listen(int backlog)
    {
        Errno error = Tcp.Listen(backlog);
        if (error != Errno.None)
            return error;
        IsListening = true;
        // The stack asks before it answers a SYN; closing is left to the end of the turn.
        Tcp.IsStillListening = () =>
        {
            // Connections that come in one turn get one answer: to ask is three system calls, 4 µs of the 52 that each costs.
            if (Bridge.Loop.Now < _heldUntil || _heldInTurn == Bridge.Loop.Turns)
                return true;
            bool isHeld = Bridge.Sockets.Ask(this);
            if (isHeld)
                _heldInTurn = Bridge.Loop.Turns;
            else
                Bridge.Reap(this);
            return isHeld;
        };
        return Errno.None;
    }

    /// <summary>
    /// It has taken a connection. While a listener takes one after the other it need not be asked whether it is still
    /// there: at worst it was closed in the last moment, and the peer sees what a moment earlier it would have seen.
    /// </summary>
    public void NoteTaken(Instant now)
    {
        _takenInARow = now - _lastTakenAt < BusyPeriod ? _takenInARow + 1 : 0;
        _lastTakenAt = now;
        if (_takenInARow >= BusyCount)
            _heldUntil = now + BusyPeriod;
    }

    /// <summary>The program's socket is connected to us and wants to be connected to a peer.</summary>
    public void BeginConnect(int descriptor, in Request request, Instant now)
    {
        _isConnecting = true;
        _fillerLeft = Math.Max(0, request.Argument);
        _notes = new StreamNotes(descriptor, Tcp, Bridge.Credentials.Mark);
        Errno error = !TryAttach(descriptor) ? Errno.ENOBUFS
            : !WireAddresses.TryRead(request.Address, out Pyco.Stack.Wire.IpEndpoint remote) ? Errno.EAFNOSUPPORT
            : Tcp.Connect(remote, now);
        if (error == Errno.None)
            return;
        Tcp.Close(now); // what bind had got
        Fail(error);
    }

    /// <summary>An accepted connection has reached its program.</summary>
    public void BeginAccepted(int descriptor, Instant now)
    {
        if (!TryAttach(descriptor))
        {
            Tcp.Abort(now);
            Fail(Errno.ENOBUFS);
            return;
        }
        _notes = new StreamNotes(descriptor, Tcp, Bridge.Credentials.Mark);
        // What happened while the connection waited for its program was reported when nobody listened.
        OnStackEvents(Tcp.TakeEvents() | SocketEvents.Readable, now);
    }

    public override void OnEvents(uint events, Instant now)
    {
        _isHungUp |= (events & (Constants.EpollHup | Constants.EpollErr)) != 0;
        _hasEnd |= (events & (Constants.EpollRdhup | Constants.EpollHup | Constants.EpollErr)) != 0;
        _mayRead |= (events & ~Constants.EpollOut) != 0;
        NoteRoom(events);
        if (_isHungUp)
            LetGo();
        Move(now);
        Bridge.Wake();
    }

    public override void OnStackEvents(SocketEvents events, Instant now)
    {
        if (events.HasFlag(SocketEvents.Acceptable))
            Bridge.HandOvers.Serve(this, now);
        if (events.HasFlag(SocketEvents.Connected))
            _isConnecting = false;
        if (events.HasFlag(SocketEvents.PeerFinished))
            _peerFinished = true;
        if (events.HasFlag(SocketEvents.Finished))
            _isOver = true;
        if (IsAttached)
            Move(now);
        if (events.HasFlag(SocketEvents.Failed))
            Fail(Tcp.Error);
        else if (_isOver && _programClosed)
            Bridge.Sockets.Remove(this);
    }

    public override void OnIdle() => TakeOutPeeked();

    public override void Abandon(Instant now)
    {
        IsListening = false;
        Bridge.HandOvers.Drop(this, now);
        Tcp.Close(now);
        Bridge.Sockets.Remove(this);
    }

    /// <summary>Ends the connection without its program's doing: the host is going away.</summary>
    public void Abort(Instant now)
    {
        Tcp.Abort(now);
        EndDescriptor();
    }

    private void Move(Instant now)
    {
        if (_isConnecting)
        {
            if (_isHungUp)
                CloseFromProgram(now, resets: true);
            return;
        }
        MoveToProgram(now);
        MoveToStack(now);
        // Both directions have ended: there is nothing left to learn from the kernel socket.
        if (_programFinished && _isHungUp && IsAttached)
            CloseFromProgram(now, ResetsOnClose);
    }

    private void MoveToStack(Instant now)
    {
        for (int reads = 0; _fillerLeft > 0 && _mayRead && IsAttached; reads++)
        {
            if (reads == FillerReadsPerTurn)
            {
                Bridge.ContinueNextTurn(this);
                return;
            }
            DiscardFiller(now);
        }
        if (!_mayRead || _programFinished || !IsAttached)
            return;
        TakeOutPeeked();
        bool mayPeek = _peeked.NoteRead() && Bridge.Loop.HeardInTurn == 1 && !_hasEnd;
        PumpStop? peeked = mayPeek ? _peeked.TryPass(Bridge.Loop, Descriptor, Tcp, _notes, now) : null;
        if (_peeked.IsThere)
            Bridge.Loop.CallWhenIdle(this);
        switch (peeked ?? StreamPump.ToStack(Bridge.Loop, Descriptor, Tcp, _hasEnd, ref _saysMuch, _notes, now))
        {
            case PumpStop.Empty:
                _mayRead = false;
                break;
            case PumpStop.TurnOver:
                Bridge.ContinueNextTurn(this);
                break;
            case PumpStop.Failed:
                CloseFromProgram(now, resets: true); // ECONNRESET: closed with unread data, which TCP answers with RST
                break;
            case PumpStop.End when _isHungUp:
                CloseFromProgram(now, ResetsOnClose);
                break;
            case PumpStop.End:
                _programFinished = true;
                Tcp.FinishSending(now);
                break;
        }
    }

    /// <summary>Asks for more than the filler has, which tells whether something stands behind it: mostly a note, if anything.</summary>
    private void DiscardFiller(Instant now)
    {
        byte[] waste = Bridge.MessageBuffer;
        int wanted = Math.Min(_fillerLeft + StreamNotes.Length, waste.Length - StreamNotes.Length);
        int length = (int)StreamPump.Receive(Descriptor, waste.AsSpan(0, wanted), out bool hasNote);
        if (length > 0)
        {
            _mayRead = hasNote || length == wanted || _hasEnd;
            _fillerLeft = _notes!.TakeWithFiller(waste, _fillerLeft, length, hasNote, length == wanted, now);
        }
        else if (length == 0 || (Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
        {
            (_mayRead, _fillerLeft) = (length == 0, length == 0 ? 0 : _fillerLeft);
        }
    }

    private void MoveToProgram(Instant now)
    {
        if (MayWrite && IsAttached)
        {
            bool isAnswer = Tcp.ReceivedOctets > 0;
            PumpStop stop = StreamPump.ToKernel(Descriptor, Tcp, now);
            if (isAnswer)
            {
                _peeked.NoteAnswer();
                TakeOutPeeked();
            }
            if (stop == PumpStop.Full && !_isEnlarged)
            {
                EnlargeBuffer();
                stop = StreamPump.ToKernel(Descriptor, Tcp, now);
            }
            if (stop == PumpStop.Full)
                AwaitRoom();
            else if (stop == PumpStop.Failed)
                Tcp.Consume(Tcp.ReceivedOctets, now); // SHUT_RD, or closed: nobody will read it (Linux drops it too)
        }
        if (_peerFinished && !_toldPeerFinished && IsAttached && Tcp.ReceivedOctets == 0)
        {
            _toldPeerFinished = true;
            _ = Libc.shutdown(Descriptor, Constants.ShutWr);
        }
    }

    /// <summary>Most connections never fill the usual buffer, so the system call is for those that do.</summary>
    private void EnlargeBuffer()
    {
        SocketBuffers.Enlarge(Descriptor);
        _isEnlarged = true;
    }

    /// <summary>The last descriptor in the program is gone. TCP finishes by itself.</summary>
    private void CloseFromProgram(Instant now, bool resets)
    {
        _programClosed = true;
        _programFinished = true;
        if (Key.Kind == SocketKind.Tcp && Tcp.Remote is { } remote)
            Bridge.RecentNames.Remember(Key, Tcp.Local, remote);
        EndDescriptor();
        if (resets)
        {
            Tcp.Abort(now);
            Bridge.Sockets.Remove(this);
            return;
        }
        Tcp.Close(now);
        if (_isOver)
            Bridge.Sockets.Remove(this);
    }

    private void Fail(Errno error)
    {
        _isOver = true;
        if (!_programClosed)
            Bridge.Errors.Remember(Key, error);
        if (!_programClosed && !_isConnecting && Key.Kind == SocketKind.Tcp)
            Bridge.RecentNames.Remember(Key, Tcp.Local, default);
        EndDescriptor();
        Bridge.Sockets.Remove(this);
    }

    private void TakeOutPeeked() => _peeked.TakeOut(Descriptor, Bridge.MessageBuffer);

    /// <summary>Closes it with nothing left in it that was passed on: the kernel would tell the program of a reset.</summary>
    private void EndDescriptor()
    {
        TakeOutPeeked();
        CloseDescriptor();
    }
}
