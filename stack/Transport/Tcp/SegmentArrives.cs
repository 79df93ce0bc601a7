namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// SEGMENT ARRIVES (RFC 9293 §3.10.7), in its order: the other files have one state, or the synchronized ones, each.
/// </summary>
internal static partial class SegmentArrives
{
    /// <summary>Linux's tcp_invalid_ratelimit.</summary>
    private static readonly TimeSpan OutOfWindowAckInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>A segment for a connection that exists.</summary>
    public static void OnConnection(Connection tcb, in Segment seg, SegmentText text, Instant now)
    {
        if (tcb.State == TcpState.SynSent)
            OnSynSent(tcb, seg, text, now);
        else
            OnSynchronized(tcb, seg, text, now);
    }

    /// <summary>§3.10.7.1, CLOSED: there is no such connection.</summary>
    public static void OnClosed(TcpProtocol protocol, in ConnectionKey key, in Segment seg, Instant now)
    {
        if (seg.IsRst)
            return;
        if (seg.IsAck)
            protocol.SendReset(key, seg.Ack, default, TcpFlags.Rst, now);
        else
            protocol.SendReset(key, default, seg.End, TcpFlags.Rst | TcpFlags.Ack, now);
    }

    /// <summary>§3.10.7.4's TIME-WAIT, with the new incarnations that RFC 6191 and RFC 1122 §4.2.2.13 allow.</summary>
    /// <returns>False if the entry gave way: the segment is to be treated as if there had been none.</returns>
    public static bool OnTimeWait(TcpProtocol protocol, TimeWaitEntry entry, in Segment seg, Instant now)
    {
        bool isOld = entry.Timestamps.Rejects(seg, now);
        if (seg.IsRst)
        {
            if (!isOld && seg.Seq == entry.RcvNxt)
                protocol.EndTimeWait(entry);
            return true;
        }
        if (seg.IsSyn && !seg.IsAck)
        {
            bool isNewer = seg.Seq - entry.RcvNxt > 0 ||
                (entry.Timestamps.IsOn && seg.Options.Timestamp is { } stamp &&
                unchecked((int)(stamp.Value - entry.Timestamps.Recent)) > 0);
            if (isNewer && !isOld)
            {
                protocol.EndTimeWait(entry);
                return false;
            }
        }
        if (seg.Len == 0 && seg.Seq == entry.RcvNxt && !isOld)
            return true; // an acknowledgement of our last one needs none
        if (seg.IsFin && !isOld)
            entry.ExpiresAt = now + TimeWaitTable.Length;
        if (now - entry.LastAckAt >= OutOfWindowAckInterval || entry.LastAckAt == default || seg.IsFin)
        {
            entry.LastAckAt = now;
            protocol.SendTimeWaitAck(entry, now);
        }
        return true;
    }

    private static void LearnSynOptions(Connection tcb, in TcpOptions options, Instant now)
    {
        tcb.Snd.PeerMss = options.Mss ?? Sender.DefaultPeerMss;
        tcb.IsSackOn = options.SackPermitted;
        tcb.Timestamps.IsOn = options.Timestamp is not null;
        if (options.Timestamp is { } timestamp)
            tcb.Timestamps.SetRecent(timestamp.Value, now);
        bool isScaled = options.WindowScale is not null;
        tcb.Snd.Scale = options.WindowScale ?? 0;
        tcb.Rcv.Scale = isScaled ? Receiver.OfferedScale : (byte)0;
        tcb.UpdateMss();
    }

    /// <summary>The ACK of our SYN has come.</summary>
    private static void BeginEstablished(Connection tcb, SequenceNumber ack, Instant now)
    {
        int lostSyns = tcb.Snd.Rtt.Backoffs;
        TakeHandshakeSample(tcb, ack, now);
        tcb.Snd.Acknowledge(ack);
        tcb.State = TcpState.Established;
        tcb.Timers.Retransmit.Clear();
        tcb.Snd.ProgressAt = now;
        tcb.Snd.Recovery.Congestion = TcpProtocol.NewCongestionControl(tcb);
        if (lostSyns > 1)
            tcb.Snd.Recovery.Congestion.OnLostSyn();
        tcb.DelayedAck.StartQuick(tcb.Rcv.LimitOctets, tcb.Snd.Mss);
        if (tcb.Snd.IsFinQueued)
            tcb.State = Transitions.OnClose(tcb.State); // closed during the handshake
    }

    private static void TakeHandshakeSample(Connection tcb, SequenceNumber ack, Instant now)
    {
        if (tcb.Snd.Rtt.Backoffs > 0)
            tcb.Snd.Rtt.OnEstablishedAfterLostSyn();
        else
            tcb.Snd.Rtt.TryTakeSample(ack, now);
    }
}
