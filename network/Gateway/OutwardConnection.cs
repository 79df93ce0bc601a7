using Pyco.Host.Bridge;
using Pyco.Host.Publishing;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>
/// A host's TCP connection to the outside: one that the kernel has, and one that the gateway's stack has in the name of
/// the destination. The host's SYN is answered when the kernel knows the outside's answer, and with the same. Then octets
/// go each way only as fast as the other side takes them, and a FIN or RST of one side becomes one at the other.
/// </summary>
internal sealed class OutwardConnection : OutsideSource, IStackSocketOwner
{
    private readonly OutwardConnections _owner;
    private readonly TransitConnection _request;
    private TcpSocket? _tcp;
    private bool _isEstablished;
    private bool _mayRead = true;
    private bool _hasEnd;
    private bool _outsideFinished;
    private bool _hostFinished;
    private bool _toldHostFinished;

    public OutwardConnection(OutwardConnections owner, GatewayContext context, TransitConnection request)
        : base(context)
    {
        _owner = owner;
        _request = request;
        Place = new LinkedListNode<OutwardConnection>(this);
    }

    /// <summary>Its place among those that wait for the outside's answer.</summary>
    public LinkedListNode<OutwardConnection> Place { get; }

    /// <summary>Asks the outside.</summary>
    public void Begin(IpEndpoint outside, Instant now)
    {
        Errno error = Context.Sockets.TryConnectStream(outside, now, out int descriptor);
        if (error == Errno.None && !TryTake(descriptor))
            error = Errno.ENOMEM;
        if (error == Errno.None)
            AwaitRoom(); // which there is when the connection is
        else
            Refuse(error, now);
    }

    public override void OnEvents(uint events, Instant now)
    {
        _hasEnd |= (events & (Constants.EpollRdhup | Constants.EpollHup | Constants.EpollErr)) != 0;
        _mayRead |= (events & ~Constants.EpollOut) != 0;
        NoteRoom(events);
        if (_tcp is null)
            OnAnswer(events, now);
        else if ((events & Constants.EpollErr) != 0)
            Reset(now);
        else
            Move(now);
        Context.Wake();
    }

    public void OnStackEvents(SocketEvents events, Instant now)
    {
        if (!IsAttached)
            return; // TCP finishes by itself
        _isEstablished |= events.HasFlag(SocketEvents.Connected);
        _hostFinished |= events.HasFlag(SocketEvents.PeerFinished);
        Move(now);
        if (events.HasFlag(SocketEvents.Failed))
            Reset(now);
    }

    /// <summary>Ends it whatever it is at.</summary>
    public void End(Instant now)
    {
        _request.Drop();
        Reset(now);
    }

    private void OnAnswer(uint events, Instant now)
    {
        if ((events & (Constants.EpollOut | Constants.EpollErr | Constants.EpollHup)) == 0)
            return;
        _owner.NoteAnswer(this);
        Errno error = OutsideSockets.TakeError(Descriptor);
        if (error != Errno.None)
        {
            Refuse(error, now);
            return;
        }
        _tcp = _request.Accept(now);
        if (_tcp is null)
        {
            Reset(now);
            return;
        }
        _owner.Opened++;
        _tcp.Owner = this;
        _tcp.NoDelay = true; // what comes in pieces has been sent in pieces by somebody who could have held them back
        _tcp.KeepAlive = true; // a host may vanish without a word (RFC 5382 REQ-5)
    }

    private void Refuse(Errno error, Instant now)
    {
        _owner.Failed++;
        UnreachableReason? reason = Refusals.ReasonFor(error);
        if (error is Errno.ECONNREFUSED or Errno.ECONNRESET)
            _request.Refuse(now);
        else if (reason is { } known)
            _request.Refuse(known, now);
        else
            _request.Drop(); // the outside was silent, or we have no descriptor: the SYN comes again
        Release();
        _owner.Remove(this);
    }

    private void Move(Instant now)
    {
        if (!_isEstablished || !IsAttached)
            return; // what comes meanwhile waits in the kernel
        MoveToOutside(now);
        MoveToHost(now);
        if (_outsideFinished && _toldHostFinished && IsAttached)
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
        else if (_hostFinished && !_toldHostFinished)
        {
            _toldHostFinished = true;
            _ = Libc.shutdown(Descriptor, Constants.ShutWr);
        }
    }

    private void MoveToHost(Instant now)
    {
        if (!_mayRead || _outsideFinished || !IsAttached)
            return;
        switch (StreamPump.ToStack(Context.Loop, Descriptor, _tcp!, _hasEnd, now))
        {
            case PumpStop.Empty:
                _mayRead = false;
                break;
            case PumpStop.TurnOver:
                Context.ContinueNextTurn(this);
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

    /// <summary>Both sides have said all. The kernel and the stack deliver by themselves what they still hold.</summary>
    private void Finish(Instant now)
    {
        Release();
        _tcp!.Close(now);
        _owner.Remove(this);
    }

    private void Reset(Instant now)
    {
        if (IsAttached)
            OutsideSocket.Reset(Descriptor);
        Release();
        _tcp?.Abort(now);
        _owner.Remove(this);
    }
}
