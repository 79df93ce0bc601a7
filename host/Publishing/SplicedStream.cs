using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Publishing;

/// <summary>
/// A TCP connection of the machine's kernel with somebody outside, joined to one of a stack: octets go each way only as fast as the
/// other side takes them, and a FIN or RST of one side becomes one at the other. Urgent octets of the outside stay in the
/// stream, as RFC 6093 §4 advises, because the stack has no other place for them.
/// </summary>
internal abstract class SplicedStream : SocketSource, IStackSocketOwner
{
    private readonly EventLoop _loop;
    private TcpSocket? _tcp;
    private bool _mayRead = true;
    private bool _hasEnd;
    private bool _hasMark;
    private bool _saysMuch;
    private bool _outsideFinished;
    private bool _insideFinished;

    protected SplicedStream(EventLoop loop)
        : base(loop) => _loop = loop;

    /// <summary>The stack's connection; until there is one, events are for <see cref="OnEarlyEvents"/>.</summary>
    protected TcpSocket? Tcp
    {
        get => _tcp;
        set
        {
            _tcp = value;
            _tcp!.Owner = this;
            _tcp.NoDelay = true; // what comes in pieces has been sent in pieces by somebody who could have held them back
        }
    }

    /// <summary>True once the stack's connection has been established.</summary>
    protected bool IsEstablished { get; private set; }

    /// <summary>True once the outside has got all that the inside has sent, and knows that this was all.</summary>
    protected bool HasToldEnd { get; private set; }

    /// <summary>True while the kernel has not taken all that the inside has sent.</summary>
    public bool IsUnfinished => _tcp?.ReceivedOctets > 0 || (_insideFinished && !HasToldEnd);

    public override void OnEvents(uint events, Instant now)
    {
        _hasEnd |= (events & (Constants.EpollRdhup | Constants.EpollHup | Constants.EpollErr)) != 0;
        _hasMark |= (events & Constants.EpollPri) != 0;
        _mayRead |= (events & ~Constants.EpollOut) != 0;
        NoteRoom(events);
        if (_tcp is null)
            OnEarlyEvents(events, now);
        else if ((events & Constants.EpollErr) != 0)
            Reset(now);
        else
            Move(now);
        Wake();
    }

    public void OnStackEvents(SocketEvents events, Instant now)
    {
        if (!IsAttached)
            return; // TCP finishes by itself
        IsEstablished |= events.HasFlag(SocketEvents.Connected);
        _insideFinished |= events.HasFlag(SocketEvents.PeerFinished);
        Move(now);
        if (!events.HasFlag(SocketEvents.Failed) || !IsAttached)
            return;
        OnFailed();
        Reset(now);
    }

    /// <summary>Takes over a socket of the machine's network; false if the kernel cannot watch one more, and then it is closed.</summary>
    protected bool TryTake(int descriptor)
    {
        OutsideSocket.Enable(descriptor, Constants.SolSocket, OptionNumbers.SoOobInline);
        return TryWatch(descriptor);
    }

    /// <summary>Asks for the turn of whoever owns the stack.</summary>
    protected abstract void Wake();

    /// <summary>The stream could have gone on, but others wait.</summary>
    protected abstract void ContinueNextTurn();

    /// <summary>The stream has ended; its owner forgets it.</summary>
    protected abstract void OnOver();

    /// <summary>Something has happened outside before there is a connection inside.</summary>
    protected virtual void OnEarlyEvents(uint events, Instant now)
    {
    }

    /// <summary>The connection inside has failed.</summary>
    protected virtual void OnFailed()
    {
    }

    /// <summary>Closes the socket outside, if that was not done yet.</summary>
    protected virtual void Release() => Close();

    /// <summary>Both sides have said all. The kernel and the stack deliver by themselves what they still hold.</summary>
    protected void Finish(Instant now)
    {
        Release();
        _tcp!.Close(now);
        OnOver();
    }

    /// <summary>Ends both sides at once.</summary>
    protected void Reset(Instant now)
    {
        if (IsAttached)
            OutsideSocket.Reset(Descriptor);
        Release();
        _tcp?.Abort(now);
        OnOver();
    }

    private void Move(Instant now)
    {
        if (!IsEstablished || !IsAttached)
            return; // what comes meanwhile waits in the kernel
        MoveToOutside(now);
        MoveToInside(now);
        if (_outsideFinished && HasToldEnd && IsAttached)
            Finish(now);
    }

    private void MoveToOutside(Instant now)
    {
        PumpStop stop = MayWrite ? StreamPump.ToKernel(Descriptor, _tcp!, now) : PumpStop.Full;
        if (stop == PumpStop.Failed)
        {
            Reset(now);
        }
        else if (stop == PumpStop.Full)
        {
            if (MayWrite)
                AwaitRoom();
        }
        else if (_insideFinished && !HasToldEnd)
        {
            HasToldEnd = true;
            _ = Libc.shutdown(Descriptor, Constants.ShutWr);
        }
    }

    private void MoveToInside(Instant now)
    {
        if (!_mayRead || _outsideFinished || !IsAttached)
            return;
        // A read ends at the mark of an urgent octet, whatever is behind it.
        switch (StreamPump.ToStack(_loop, Descriptor, _tcp!, _hasEnd || _hasMark, ref _saysMuch, notes: null, now))
        {
            case PumpStop.Empty:
                _mayRead = false;
                break;
            case PumpStop.TurnOver:
                ContinueNextTurn();
                break;
            case PumpStop.End:
                _outsideFinished = true;
                _tcp!.FinishSending(now);
                break;
            case PumpStop.Failed:
                Reset(now);
                break;
        }
    }
}
