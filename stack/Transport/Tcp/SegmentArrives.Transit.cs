using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transit;

namespace Pyco.Stack.Transport.Tcp;

/// <content>A transparent stack's LISTEN for all ports of all addresses, whose SYNs wait for the owner's answer.</content>
internal static partial class SegmentArrives
{
    public static void OnTransit(
        TcpProtocol protocol,
        TransitTraffic transit,
        in ConnectionKey key,
        in Segment seg,
        SequenceNumber? previous,
        Instant now)
    {
        if (seg.IsSyn && !seg.IsAck && !seg.IsRst)
            transit.OnSyn(key, seg, previous);
        else
            OnClosed(protocol, key, seg, now);
    }

    /// <summary>The owner wants the connection.</summary>
    /// <returns>Null if there is no way back.</returns>
    public static TcpSocket? OpenTransit(
        TcpProtocol protocol, in ConnectionKey key, in Segment syn, SequenceNumber? previous, Instant now)
    {
        if (protocol.IsTaken(key) ||
            protocol.Network.TryRoute(key.Remote.Address, key.Local.Address, out Route route) != Errno.None)
            return null;
        PortClaim claim = protocol.Ports.Share(key.Local, new PortClaim { Local = key.Local });
        Connection tcb = new(protocol, key, route, claim) { LastHeardAt = now };
        tcb.Socket = protocol.NewSocket(tcb);
        Synchronize(tcb, syn.Seq, syn.Options, now);
        AnswerSyn(tcb, syn, previous, now);
        return tcb.Socket;
    }
}
