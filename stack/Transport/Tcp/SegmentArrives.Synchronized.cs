using Pyco.Stack.Sockets;

namespace Pyco.Stack.Transport.Tcp;

/// <content>§3.10.7.4, all other states: its eight steps.</content>
internal static partial class SegmentArrives
{
    private static readonly TimeSpan ReachabilityHintInterval = TimeSpan.FromSeconds(1);

    private static void OnSynchronized(Connection tcb, in Segment seg, SegmentText text, Instant now)
    {
        // First, the sequence number; PAWS comes before it (RFC 7323 §5.3, R1).
        if (IsHandshakeEcho(tcb, seg, now))
            return;
        bool isCrossedSynAck = IsCrossedSynAck(tcb, seg);
        if (!isCrossedSynAck && ((!seg.IsRst && tcb.Timestamps.Rejects(seg, now)) || !tcb.Rcv.IsAcceptable(seg)))
        {
            OnUnacceptable(tcb, seg, now);
            return;
        }
        // Second, the RST: only an exact match resets (RFC 5961 §3.2).
        if (seg.IsRst)
        {
            if (seg.Seq == tcb.Rcv.Nxt)
                OnReset(tcb);
            else
                ChallengeAck(tcb, seg, now);
            return;
        }
        // Third, security, is not used. Fourth, the SYN (RFC 5961 §4.2).
        if (seg.IsSyn && !isCrossedSynAck)
        {
            ChallengeAck(tcb, seg, now);
            return;
        }
        // Fifth, the ACK.
        if (!seg.IsAck || !CheckAck(tcb, seg, now))
            return;
        tcb.LastHeardAt = now;
        tcb.Timestamps.OnAcceptable(seg, tcb.Rcv.LastAckSent, now);
        tcb.OnEcho(seg, now);
        if (tcb.State is TcpState.Closed or TcpState.TimeWait)
            return;
        // Sixth, the URG, with the seventh, the text. Eighth, the FIN.
        if (tcb.IsOrphan && text.Length > 0 && seg.PayloadSeq + text.Length - tcb.Rcv.Nxt > 0 && tcb.State.MayReceive())
        {
            // Nobody will read it (RFC 2525 §2.17).
            UserCalls.Abort(tcb, now);
            return;
        }
        AcceptText(tcb, seg, text, now);
        AcceptFin(tcb, seg, now);
        tcb.Touch();
    }

    /// <summary>The peer sends its SYN once more because our SYN-ACK was lost: it wants that, not an ACK.</summary>
    private static bool IsHandshakeEcho(Connection tcb, in Segment seg, Instant now)
    {
        bool isEcho = tcb.State == TcpState.SynReceived && seg.IsSyn && !seg.IsAck && !seg.IsRst && seg.Seq == tcb.Rcv.Irs;
        if (isEcho)
            tcb.Protocol.Writer.SendSyn(tcb, now);
        return isEcho;
    }

    /// <summary>
    /// In a simultaneous open the SYN-ACKs cross. By the letter of the first step they are old, yet figure 8 has them
    /// open the connection.
    /// </summary>
    private static bool IsCrossedSynAck(Connection tcb, in Segment seg) =>
        tcb.State == TcpState.SynReceived && tcb.Listener is null && seg.IsSyn && seg.IsAck && !seg.IsRst &&
        seg.Seq == tcb.Rcv.Irs && seg.Ack == tcb.Snd.Nxt;

    private static void OnUnacceptable(Connection tcb, in Segment seg, Instant now)
    {
        if (seg.IsRst)
            return;
        if (seg.PayloadLength > 0 && seg.Seq - tcb.Rcv.Nxt < 0)
        {
            SequenceNumber end = SequenceNumber.Earlier(seg.PayloadSeq + seg.PayloadLength, tcb.Rcv.Nxt);
            if (end - seg.PayloadSeq > 0)
                tcb.Rcv.Reassembly.ReportDuplicate(seg.PayloadSeq, end); // RFC 2883 §4
        }
        if (!MayAnswer(tcb, seg, now))
            return;
        tcb.LastHeardAt = now;
        // An old segment may carry a new window: a closed window is opened by nothing else.
        if (seg.IsAck && !seg.IsSyn && seg.Ack - tcb.Snd.Una == 0 && tcb.Rcv.Wnd == 0 && tcb.State.IsSynchronized())
            tcb.Snd.UpdateWindow(seg);
        AnswerWithAck(tcb, now);
    }

    private static void AnswerWithAck(Connection tcb, Instant now)
    {
        if (tcb.State == TcpState.SynReceived)
        {
            Output.SendAck(tcb, now); // Output acknowledges for synchronized states alone
            return;
        }
        tcb.DelayedAck.Demand();
        tcb.Touch();
    }

    private static bool IsProbe(Connection tcb, in Segment seg) => seg.Len == 0 && seg.Seq == tcb.Rcv.Nxt - 1;

    private static void OnReset(Connection tcb)
    {
        Errno error = tcb.State switch
        {
            TcpState.SynReceived => Errno.ECONNREFUSED,
            TcpState.CloseWait => Errno.EPIPE, // as Linux's tcp_reset
            _ => Errno.ECONNRESET,
        };
        UserCalls.Fail(tcb, error);
    }

    /// <summary>
    /// RFC 5961 §7's limit is each connection's own, as in Linux since CVE-2016-5696: a limit over all connections tells a
    /// stranger, who counts what is left of it, whether the segment that he forged had hit.
    /// </summary>
    private static void ChallengeAck(Connection tcb, in Segment seg, Instant now)
    {
        if (MayAnswer(tcb, seg, now))
            AnswerWithAck(tcb, now);
    }

    /// <summary>
    /// Segments without data can be one half of a loop of such answers; Linux (tcp_oow_rate_limited) answers those only
    /// now and then.
    /// </summary>
    private static bool MayAnswer(Connection tcb, in Segment seg, Instant now)
    {
        if ((seg.PayloadLength > 0 && !seg.IsSyn) || seg.IsFin || IsProbe(tcb, seg))
            return true;
        if (now - tcb.LastOutOfWindowAckAt < OutOfWindowAckInterval && tcb.LastOutOfWindowAckAt != default)
            return false;
        tcb.LastOutOfWindowAckAt = now;
        return true;
    }

    /// <summary>Fifth step.</summary>
    /// <returns>False if the segment is to be dropped.</returns>
    private static bool CheckAck(Connection tcb, in Segment seg, Instant now)
    {
        Sender snd = tcb.Snd;
        if (tcb.State == TcpState.SynReceived && !TryEstablish(tcb, seg, now))
            return false;
        bool isUnsent = seg.Ack - snd.Nxt > 0;
        bool isAncient = seg.Ack - snd.Una < -Math.Max(snd.MaxWnd, 1);
        if (isUnsent || isAncient)
        {
            ChallengeAck(tcb, seg, now); // RFC 5961 §5.2
            return false;
        }
        if (seg.Ack - snd.Una < 0)
            return true; // an old ACK may still carry data
        TakeAck(tcb, seg, now);
        if (!snd.IsFinAcked)
            return true;
        OnFinAcked(tcb, now);
        return tcb.State != TcpState.Closed;
    }

    /// <summary>The ACK of our SYN: SYN-RECEIVED ends.</summary>
    private static bool TryEstablish(Connection tcb, in Segment seg, Instant now)
    {
        Sender snd = tcb.Snd;
        if (seg.Ack != snd.Nxt)
        {
            tcb.Protocol.SendReset(tcb.Key, seg.Ack, default, TcpFlags.Rst, now);
            return false;
        }
        if (tcb.Listener is { IsAcceptQueueFull: true })
            return false; // Linux: the handshake stays open, and our SYN-ACK asks again
        BeginEstablished(tcb, seg.Ack, now);
        if (tcb.Listener is { } listener)
            tcb.Protocol.Deliver(tcb, listener);
        else
            tcb.Report(SocketEvents.Connected);
        return true;
    }

    private static void TakeAck(Connection tcb, in Segment seg, Instant now)
    {
        Sender snd = tcb.Snd;
        int acked = seg.Ack - snd.Una;
        bool hadFlight = snd.InFlight > 0;
        TimeSpan? rtt = null;
        if (acked > 0)
        {
            snd.Acknowledge(seg.Ack);
            snd.ProgressAt = now;
            snd.Rtt.ResetBackoff();
            rtt = TakeSample(tcb, seg, now);
            tcb.Timers.Retransmit.Clear(); // Output starts it anew: RFC 6298 (5.3)
            tcb.Timers.Probe.Clear(); // likewise: RFC 8985 §7.2
            tcb.SoftError = Errno.None;
            HintReachability(tcb, now);
        }
        bool windowChanged = snd.UpdateWindow(seg);
        snd.Probes = 0;
        if (snd.Wnd > 0 && windowChanged)
        {
            tcb.Timers.Persist.Clear();
            snd.PersistBackoffs = 0;
        }
        bool isProbing = snd.Recovery.IsProbing;
        bool isDuplicate = acked == 0 && (hadFlight || isProbing) && seg.Len == 0 && !windowChanged; // RFC 5681 §2
        bool hasSack = tcb.IsSackOn && seg.Options.SackCount > 0;
        // To one that only receives, acknowledgements say nothing about loss. D-SACK may come when all is acknowledged.
        if (acked > 0 || hadFlight || hasSack || isProbing)
            snd.Recovery.OnAck(tcb, seg, acked, rtt, isDuplicate || (acked == 0 && hadFlight && hasSack), now);
        if (acked > 0 && snd.TakeWritable())
            tcb.Report(SocketEvents.Writable);
    }

    private static TimeSpan? TakeSample(Connection tcb, in Segment seg, Instant now)
    {
        RoundTripEstimator rtt = tcb.Snd.Rtt;
        if (rtt.TryTakeSample(seg.Ack, now))
            return rtt.LatestRtt;
        // After a retransmission only the timestamp tells which transmission is answered (RFC 7323 §4.1). What answers a duplicate
        // echoes the time of what came in order last, long ago if its own acknowledgement was lost.
        bool isUseful = tcb.Snd.Recovery.IsRecovering && tcb.Timestamps.IsOn && seg.Options.Timestamp is { Echo: not 0 } &&
            !AnswersDuplicate(seg);
        if (isUseful && tcb.Timestamps.Age(seg.Options.Timestamp!.Value.Echo, now) is { } age && age < RoundTripEstimator.MaxRto)
        {
            rtt.OnSample(age, now);
            return age;
        }
        return null;
    }

    /// <summary>D-SACK (RFC 2883 §4): the first block lies below the ACK.</summary>
    private static bool AnswersDuplicate(in Segment seg) =>
        seg.Options.SackCount > 0 && seg.Options.SackBlocks[0].End - seg.Ack <= 0;

    private static void HintReachability(Connection tcb, Instant now)
    {
        if (now - tcb.LastReachabilityHintAt < ReachabilityHintInterval)
            return;
        tcb.LastReachabilityHintAt = now;
        tcb.Protocol.Network.ConfirmReachable(tcb.Route, now);
    }

    private static void OnFinAcked(Connection tcb, Instant now)
    {
        TcpState next = Transitions.OnFinAcked(tcb.State);
        if (next == tcb.State)
            return;
        if (next != TcpState.Closed) // which Forget makes it, with all that belongs to it
            tcb.State = next;
        switch (next)
        {
            case TcpState.FinWait2 when tcb.IsOrphan:
                tcb.Timers.Linger.Set(now, Timeouts.FinWait2Limit);
                tcb.Report(SocketEvents.Finished);
                break;
            case TcpState.TimeWait:
                tcb.Protocol.BeginTimeWait(tcb, now);
                break;
            case TcpState.Closed:
                tcb.Protocol.Forget(tcb);
                tcb.Report(SocketEvents.Finished);
                break;
            default:
                break;
        }
    }

    /// <summary>Sixth and seventh step. Urgent octets stay in the text; the user is told where they end.</summary>
    private static void AcceptText(Connection tcb, in Segment seg, SegmentText text, Instant now)
    {
        if (seg.IsUrg && seg.UrgentPointer > 0 && tcb.State.MayReceive())
            tcb.Rcv.NoteUrgent(seg.Seq + seg.UrgentPointer);
        if (text.Length == 0 || !tcb.State.MayReceive())
            return;
        bool hadGap = !tcb.Rcv.Reassembly.IsEmpty;
        int advanced = tcb.Rcv.Accept(seg.PayloadSeq, text, seg.SegmentSize);
        tcb.Protocol.NoteReceiver(tcb, text.Length, now);
        if (advanced > 0)
        {
            tcb.DelayedAck.OnData(advanced, tcb.Rcv.SegmentSize, tcb.Snd.Rtt.BaseRto, tcb.Rcv.LimitOctets, now);
            tcb.Report(SocketEvents.Readable);
        }
        bool isInOrder = advanced > 0 && !hadGap && tcb.Rcv.Reassembly.IsEmpty;
        if (isInOrder)
            return;
        tcb.DelayedAck.Demand(); // RFC 5681 §4.2
        if (!tcb.IsSackOn && advanced == 0)
            Output.SendAck(tcb, now); // the peer counts duplicates; with SACK one answer tells it all
    }

    /// <summary>Eighth step.</summary>
    private static void AcceptFin(Connection tcb, in Segment seg, Instant now)
    {
        bool hasPassed;
        if (seg.IsFin && tcb.State.MayReceive() && seg.End - 1 - tcb.Rcv.RightEdge <= 0)
        {
            hasPassed = tcb.Rcv.AcceptFin(seg.End - 1);
            if (seg.PayloadLength == 0)
                tcb.DelayedAck.Demand(); // else its text has asked for one already, and two would be two duplicates
        }
        else
        {
            hasPassed = tcb.Rcv.TryPassFin();
        }
        if (!hasPassed)
            return;
        tcb.State = Transitions.OnFin(tcb.State, tcb.Snd.IsFinAcked);
        tcb.DelayedAck.Demand();
        tcb.Report(SocketEvents.PeerFinished);
        if (tcb.State != TcpState.TimeWait)
            return;
        Output.SendAck(tcb, now);
        tcb.Protocol.BeginTimeWait(tcb, now);
    }
}
