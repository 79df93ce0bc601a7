using Pyco.Host.Publishing;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>
/// A host's TCP connection to the outside: one that the kernel has, and one that the gateway's stack has in the name of
/// the destination. The host's SYN is answered when the kernel knows the outside's answer, and with the same.
/// </summary>
internal sealed class OutwardConnection : SplicedStream
{
    private readonly OutwardConnections _owner;
    private readonly GatewayContext _context;
    private readonly TransitConnection _request;

    public OutwardConnection(OutwardConnections owner, GatewayContext context, TransitConnection request)
        : base(context.Loop)
    {
        _owner = owner;
        _context = context;
        _request = request;
        Place = new LinkedListNode<OutwardConnection>(this);
    }

    /// <summary>Its place among those that wait for the outside's answer.</summary>
    public LinkedListNode<OutwardConnection> Place { get; }

    /// <summary>Asks the outside.</summary>
    public void Begin(IpEndpoint outside, Instant now)
    {
        Errno error = _context.Sockets.TryConnectStream(outside, now, out int descriptor);
        if (error == Errno.None && !TryTake(descriptor))
        {
            _context.Sockets.NoteClosed();
            error = Errno.ENOMEM;
        }
        if (error == Errno.None)
            AwaitRoom(); // which there is when the connection is
        else
            Refuse(error, now);
    }

    /// <summary>Ends it whatever it is at.</summary>
    public void End(Instant now)
    {
        _request.Drop();
        Reset(now);
    }

    protected override void Wake() => _context.Wake();

    protected override void ContinueNextTurn() => _context.ContinueNextTurn(this);

    protected override void OnOver() => _owner.Remove(this);

    /// <summary>Perhaps the outside has answered.</summary>
    protected override void OnEarlyEvents(uint events, Instant now)
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
        if (_request.Accept(now) is not { } tcp)
        {
            Reset(now);
            return;
        }
        _owner.Opened++;
        Tcp = tcp;
        tcp.KeepAlive = true; // a host may vanish without a word (RFC 5382 REQ-5)
    }

    protected override void Release()
    {
        if (!IsAttached)
            return;
        Close();
        _context.Sockets.NoteClosed();
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
}
