using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Host.Publishing;

/// <summary>
/// A connection from outside, joined to one inside the stack: octets go each way only as fast as the other side takes
/// them, and a FIN or RST of one side becomes one at the other.
/// </summary>
internal sealed class PublishedStream : SocketSource, IStackSocketOwner
{
    private readonly PublishedStreams _owner;
    private readonly SocketBridge _bridge;
    private readonly TcpSocket _tcp;
    private bool _isConnecting = true;
    private bool _mayRead;
    private bool _hasEnd;
    private bool _outsideFinished;
    private bool _programFinished;
    private bool _toldProgramFinished;

    public PublishedStream(PublishedStreams owner, SocketBridge bridge, TcpSocket tcp)
        : base(bridge.Loop)
    {
        _owner = owner;
        _bridge = bridge;
        _tcp = tcp;
        _tcp.Owner = this;
        _tcp.NoDelay = true; // what comes in pieces has been sent in pieces by somebody who could have held them back
    }

    /// <summary>True while the kernel has not taken all that the program has sent.</summary>
    public bool IsUnfinished => _tcp.ReceivedOctets > 0 || (_programFinished && !_toldProgramFinished);

    /// <summary>Takes over the accepted connection and connects it to the program.</summary>
    public void Begin(int descriptor, IpEndpoint inside, Instant now)
    {
        OutsideSocket.Enable(descriptor, OptionNumbers.IpProtoTcp, OptionNumbers.TcpNoDelay);
        Errno error = TryWatch(descriptor) ? _tcp.Connect(inside, now) : Errno.ENOMEM;
        if (error == Errno.None)
            return;
        _owner.Refused++;
        Reset(now);
    }

    public override void OnEvents(uint events, Instant now)
    {
        _hasEnd |= (events & (Constants.EpollRdhup | Constants.EpollHup | Constants.EpollErr)) != 0;
        _mayRead |= (events & ~Constants.EpollOut) != 0;
        NoteRoom(events);
        if ((events & Constants.EpollErr) != 0)
            Reset(now);
        else
            Move(now);
        _bridge.Wake();
    }

    public void OnStackEvents(SocketEvents events, Instant now)
    {
        if (!IsAttached)
            return; // TCP finishes by itself
        if (events.HasFlag(SocketEvents.Connected))
            _isConnecting = false;
        _programFinished |= events.HasFlag(SocketEvents.PeerFinished);
        Move(now);
        if (!events.HasFlag(SocketEvents.Failed) || !IsAttached)
            return;
        if (_isConnecting)
            _owner.Refused++;
        Reset(now);
    }

    /// <summary>The host goes away: what the kernel has got still arrives, and what it has not shows as a reset.</summary>
    public void End(Instant now)
    {
        if (_toldProgramFinished)
            Finish(now);
        else
            Reset(now);
    }

    private void Move(Instant now)
    {
        if (_isConnecting)
            return; // what comes meanwhile waits in the kernel
        MoveToOutside(now);
        MoveToProgram(now);
        if (_outsideFinished && _toldProgramFinished)
            Finish(now);
    }

    private void MoveToOutside(Instant now)
    {
        if (!IsAttached)
            return;
        PumpStop stop = MayWrite ? StreamPump.ToKernel(Descriptor, _tcp, now) : PumpStop.Full;
        if (stop == PumpStop.Failed)
        {
            Reset(now);
        }
        else if (stop == PumpStop.Full)
        {
            if (MayWrite)
                AwaitRoom();
        }
        else if (_programFinished && !_toldProgramFinished)
        {
            _toldProgramFinished = true;
            _ = Libc.shutdown(Descriptor, Constants.ShutWr);
        }
    }

    private void MoveToProgram(Instant now)
    {
        if (!_mayRead || _outsideFinished || !IsAttached)
            return;
        switch (StreamPump.ToStack(_bridge.Loop, Descriptor, _tcp, _hasEnd, now))
        {
            case PumpStop.Empty:
                _mayRead = false;
                break;
            case PumpStop.TurnOver:
                _bridge.ContinueNextTurn(this);
                break;
            case PumpStop.End:
                _outsideFinished = true;
                _tcp.FinishSending(now);
                break;
            case PumpStop.Failed:
                Reset(now);
                break;
        }
    }

    /// <summary>Both sides have said all. The kernel and the stack deliver by themselves what they still hold.</summary>
    private void Finish(Instant now)
    {
        Close();
        _tcp.Close(now);
        _owner.Remove(this);
    }

    private void Reset(Instant now)
    {
        if (IsAttached)
            OutsideSocket.Reset(Descriptor);
        Close();
        _tcp.Abort(now);
        _owner.Remove(this);
    }
}
