using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>A UDP flow: a connected socket outside, whose errors become ICMP errors for the host.</summary>
internal sealed class OutwardDatagramFlow(OutwardDatagrams owner, GatewayContext context, FlowEnds ends) : Flow(context)
{
    private int _lastOctets;

    public FlowEnds Ends { get; } = ends;

    public Errno TryBegin(IpEndpoint outside, Instant now)
    {
        Errno error = Context.Sockets.TryConnectDatagram(outside, now, out int descriptor);
        return error == Errno.None ? Take(descriptor) : error;
    }

    /// <summary>Sends what the host has sent; the payload is lent.</summary>
    public void Send(ReadOnlySpan<byte> payload, Instant now)
    {
        Errno error = TrySend(payload);
        if (Refusals.ReasonFor(error) is not null)
        {
            // That was an earlier datagram's error, which the kernel tells once; or it is this one's, and comes again.
            OnError(error, now);
            error = TrySend(payload);
        }
        _lastOctets = payload.Length;
        if (error == Errno.None)
            owner.Sent++;
        else
            owner.Dropped++;
    }

    protected override void OnMessage(Span<byte> message, Instant now)
    {
        owner.NoteUse(this, now);
        if (Context.Transit.SendDatagram(message, Ends.Destination, Ends.Source, now) == Errno.None)
            owner.Received++;
        else
            owner.Dropped++;
    }

    protected override void OnError(Errno error, Instant now)
    {
        if (Refusals.ReasonFor(error) is { } reason)
            Context.Transit.Refuse(Ends.Source, Ends.Destination, _lastOctets, reason, now);
    }
}
