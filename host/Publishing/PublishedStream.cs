using Pyco.Host.Bridge;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Host.Publishing;

/// <summary>A connection from outside, joined to one with the program.</summary>
internal sealed class PublishedStream : SplicedStream
{
    private readonly PublishedStreams _owner;
    private readonly SocketBridge _bridge;

    public PublishedStream(PublishedStreams owner, SocketBridge bridge, TcpSocket tcp)
        : base(bridge.Loop)
    {
        _owner = owner;
        _bridge = bridge;
        Tcp = tcp;
    }

    /// <summary>Takes over the accepted connection and connects it to the program.</summary>
    public void Begin(int descriptor, IpEndpoint inside, Instant now)
    {
        OutsideSocket.Enable(descriptor, OptionNumbers.IpProtoTcp, OptionNumbers.TcpNoDelay);
        Errno error = TryTake(descriptor) ? Tcp!.Connect(inside, now) : Errno.ENOMEM;
        if (error == Errno.None)
            return;
        OnFailed();
        Reset(now);
    }

    /// <summary>The host goes away: what the kernel has got still arrives, and what it has not shows as a reset.</summary>
    public void End(Instant now)
    {
        if (HasToldEnd)
            Finish(now);
        else
            Reset(now);
    }

    protected override void Wake() => _bridge.Wake();

    protected override void ContinueNextTurn() => _bridge.ContinueNextTurn(this);

    protected override void OnFailed()
    {
        if (!IsEstablished)
            _owner.Refused++;
    }

    protected override void OnOver() => _owner.Remove(this);
}
