using Pyco.Stack.Sockets;

namespace Pyco.Stack.Transport.Tcp;

/// <content>§3.10.7.3, SYN-SENT.</content>
internal static partial class SegmentArrives
{
    private static void OnSynSent(Connection tcb, in Segment seg, SegmentText text, Instant now)
    {
        // First, the ACK: SYN-SENT has one octet out, so only ISS + 1 is acceptable.
        bool isOurs = seg.IsAck && seg.Ack == tcb.Snd.Nxt;
        if (seg.IsAck && !isOurs)
        {
            if (!seg.IsRst)
                tcb.Protocol.SendReset(tcb.Key, seg.Ack, default, TcpFlags.Rst, now);
            return;
        }
        // Second, the RST.
        if (seg.IsRst)
        {
            if (isOurs)
                UserCalls.Fail(tcb, Errno.ECONNREFUSED);
            return;
        }
        // Third, security, is not used. Fourth, the SYN.
        if (!seg.IsSyn)
            return;
        tcb.Rcv.Start(seg.Seq);
        tcb.Rcv.AdvertiseUnscaled(); // as our SYN did, which the peer may have used already
        tcb.LastHeardAt = now;
        LearnSynOptions(tcb, seg.Options, now);
        tcb.Snd.SetInitialWindow(seg);
        if (!isOurs)
        {
            // Simultaneous open (§3.5, figure 8).
            tcb.State = TcpState.SynReceived;
            tcb.SendSyn(now);
            tcb.Touch();
            return;
        }
        BeginEstablished(tcb, seg.Ack, now);
        tcb.Report(SocketEvents.Connected);
        tcb.DelayedAck.Demand();
        AcceptText(tcb, seg, text, now);
        AcceptFin(tcb, seg, now);
        tcb.Touch();
    }
}
