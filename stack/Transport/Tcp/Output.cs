namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// Sends what a connection has to send: data again or for the first time, the FIN, an acknowledgement. It runs once at
/// the end of a batch of frames and calls, so that one segment answers many.
/// </summary>
internal static class Output
{
    /// <summary>How long a corked partial segment waits (tcp(7), TCP_CORK).</summary>
    private static readonly TimeSpan CorkLimit = TimeSpan.FromMilliseconds(200);

    public static void Run(Connection tcb, Instant now)
    {
        if (tcb.State.IsSynchronized())
        {
            tcb.UpdateReceiveShare(now);
            SendSegments(tcb, now);
            bool isWindowUpdate = tcb.State.MayReceive() && tcb.Rcv.WantsWindowUpdate();
            if (tcb.DelayedAck.IsDue || isWindowUpdate)
                SendAck(tcb, now);
        }
        SetTimers(tcb, now);
        tcb.UpdateSendShare();
    }

    /// <summary>Sends an acknowledgement without waiting for the end of the batch.</summary>
    public static void SendAck(Connection tcb, Instant now) =>
        tcb.Protocol.Writer.Send(tcb, tcb.Snd.Nxt, TcpFlags.None, 0, now);

    /// <summary>
    /// An octet-less segment from before the window, which the peer must answer (RFC 9293 §3.8.4); Linux probes a zero
    /// window with it too (tcp_xmit_probe_skb), where RFC 9293 §3.8.6.1 would send an octet. Of urgent octets another one tells, at the
    /// window's start, because the peer heeds nothing else (RFC 9293 MUST-66; Linux likewise).
    /// </summary>
    public static void SendProbe(Connection tcb, Instant now)
    {
        if (tcb.Snd.UrgentPointerAt(tcb.Snd.Una) != 0)
            tcb.Protocol.Writer.Send(tcb, tcb.Snd.Una, TcpFlags.None, 0, now);
        tcb.Protocol.Writer.Send(tcb, tcb.Snd.Una - 1, TcpFlags.None, 0, now);
    }

    /// <summary>Sends one segment of new data although it is small: the override of RFC 9293 §3.8.6.2.1.</summary>
    /// <returns>False if the window has no room at all.</returns>
    public static bool TryForce(Connection tcb, Instant now)
    {
        int length = Math.Min(Math.Min(tcb.Snd.Mss, tcb.Snd.UnsentOctets), tcb.Snd.UsableWindow);
        if (length <= 0)
            return false;
        SendNew(tcb, length, now);
        return true;
    }

    /// <summary>Sends the last segment once more, as a probe (RFC 8985 §7.3).</summary>
    public static void SendLastAgain(Connection tcb, Instant now) =>
        Retransmit(tcb, tcb.Snd.Recovery.Flight.LastSegment(tcb.Snd.Mss), now);

    private static void SendSegments(Connection tcb, Instant now)
    {
        if (!tcb.State.MayTransmit())
            return;
        Sender snd = tcb.Snd;
        LossRecovery recovery = snd.Recovery;
        // Data segments have no room for SACK blocks, which the peer's recovery needs.
        if (tcb.DelayedAck.IsDue && tcb.IsSackOn && !tcb.Rcv.Reassembly.IsEmpty)
            SendAck(tcb, now);
        recovery.IsCwndLimited = false;
        while (true)
        {
            int pipe = recovery.Pipe(tcb);
            int length = PlanNew(tcb);
            NextSegment next = recovery.Next(tcb, length >= 0, out SackBlock range);
            if (next == NextSegment.None)
                return;
            int wanted = next == NextSegment.NewData ? length : range.Length;
            int budget = recovery.Budget(pipe);
            recovery.IsCwndLimited |= wanted > budget && (pipe > 0 || wanted > snd.Mss);
            int queueRoom = tcb.QueueRoomOctets(now);
            int room = Math.Min(budget, queueRoom);
            if (pipe <= 0 || (next == NextSegment.Lost && recovery.MustSend))
                room = Math.Max(room, snd.Mss); // or nothing would ever come back
            if (wanted > room)
            {
                if (queueRoom < budget)
                    tcb.WaitForQueue();
                // Of a super-segment, whole segments go.
                wanted = wanted > snd.Mss ? room - (room % snd.Mss) : 0;
                if (wanted <= 0)
                    return;
            }
            if (next == NextSegment.NewData)
                SendNew(tcb, wanted, now);
            else
                Retransmit(tcb, range with { End = range.Start + wanted }, now);
        }
    }

    /// <summary>
    /// Octets of the next new segment, 0 for a lone FIN, -1 for nothing now (RFC 9293 §3.7.4, §3.8.6.2.1). A
    /// super-segment has whole segments, and at its end what may go that is none.
    /// </summary>
    private static int PlanNew(Connection tcb)
    {
        Sender snd = tcb.Snd;
        int unsent = snd.UnsentOctets;
        if (unsent == 0)
            return snd.IsFinQueued && !snd.IsFinSent ? 0 : -1; // the FIN needs no window: its timer covers it
        int length = Math.Min(Math.Min(snd.MaxSegment, unsent), snd.UsableWindow);
        if (length <= 0)
            return -1;
        int partial = length % snd.Mss;
        if (partial == 0)
            return length;
        int whole = length > partial ? length - partial : -1;
        if (length < unsent)
            return partial >= snd.MaxWnd / 2 ? length : whole; // silly-window avoidance
        if (snd.IsFinQueued)
            return length;
        // Nagle in Minshall's form, as Linux has it: one partial segment may be on its way. Urgent octets do not wait.
        bool isHeldBack = (tcb.Cork || (!tcb.NoDelay && snd.IsPartialInFlight)) && snd.UrgentPointerAt(snd.Nxt) == 0;
        return isHeldBack ? whole : length;
    }

    private static void SendNew(Connection tcb, int length, Instant now)
    {
        Sender snd = tcb.Snd;
        if (snd.InFlight == 0)
        {
            snd.Recovery.Congestion.OnIdle(now - snd.ProgressAt, snd.Rtt.Rto);
            snd.ProgressAt = now;
        }
        bool isLast = length == snd.UnsentOctets;
        bool withFin = isLast && snd.IsFinQueued && !snd.IsFinSent;
        TcpFlags flags = (isLast && length > 0 ? TcpFlags.Psh : TcpFlags.None) | (withFin ? TcpFlags.Fin : TcpFlags.None);
        tcb.Protocol.Writer.Send(tcb, snd.Nxt, flags, length, now);
        int sequenceLength = length + (withFin ? 1 : 0);
        snd.OnSent(sequenceLength, length % snd.Mss != 0, withFin);
        snd.Rtt.StartTiming(snd.Nxt, now);
        int segments = SegmentsOf(snd, length);
        snd.Recovery.OnSent(snd.Nxt - sequenceLength, sequenceLength, segments, now);
        tcb.OnSent(segments, now);
        tcb.Timers.Probe.Clear(); // it counts from the last segment (RFC 8985 §7.2)
        tcb.DelayedAck.OnDataSent(now);
    }

    private static int SegmentsOf(Sender snd, int length) => Math.Max(1, (length + snd.Mss - 1) / snd.Mss);

    private static void Retransmit(Connection tcb, SackBlock range, Instant now)
    {
        Sender snd = tcb.Snd;
        int length = Math.Clamp(snd.DataEnd - range.Start, 0, range.Length);
        TcpFlags flags = length < range.Length ? TcpFlags.Fin : TcpFlags.None; // past the data there is only the FIN
        if (range.Start + length == snd.DataEnd)
            flags |= TcpFlags.Psh;
        tcb.Protocol.Writer.Send(tcb, range.Start, flags, length, now);
        int segments = SegmentsOf(snd, length);
        tcb.RetransmittedSegments += segments;
        tcb.Protocol.RetransmittedSegments += segments;
        snd.Recovery.OnRetransmitted(tcb, range, segments, now);
        tcb.OnSent(segments, now);
        if (range.Start == snd.Una)
            tcb.Timers.Retransmit.Clear(); // its ACK needs a round trip, as Linux has it (tcp_xmit_retransmit_queue)
    }

    private static void SetTimers(Connection tcb, Instant now)
    {
        Sender snd = tcb.Snd;
        if (snd.InFlight == 0)
            tcb.Timers.Retransmit.Clear(); // RFC 6298 (5.2)
        else if (!tcb.Timers.Retransmit.IsSet)
            tcb.Timers.Retransmit.Set(now, Timeouts.RetransmitDelay(tcb, now)); // (5.1)

        if (!snd.Recovery.MayProbe(tcb) || !tcb.State.MayTransmit())
            tcb.Timers.Probe.Clear();
        else if (!tcb.Timers.Probe.IsSet && Instant.Earlier(now + TailLossProbe.Delay(snd), tcb.Timers.Retransmit.At) is { } at)
            tcb.Timers.Probe.SetAt(at);

        if (snd.InFlight > 0 || snd.UnsentOctets == 0 || !tcb.State.MayTransmit())
            tcb.Timers.Persist.Clear();
        else if (!tcb.Timers.Persist.IsSet)
            tcb.Timers.Persist.Set(now, tcb.Cork && snd.UsableWindow > 0 ? CorkLimit : Timeouts.ProbeInterval(snd));

        if (tcb.Socket is not { KeepAlive: true } || !tcb.State.IsSynchronized())
            tcb.Timers.KeepAlive.Clear();
        else if (!tcb.Timers.KeepAlive.IsSet)
            tcb.Timers.KeepAlive.Set(now, tcb.Socket.KeepAliveIdle);
    }
}
