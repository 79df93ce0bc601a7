namespace Pyco.Stack.Transport.Tcp;

/// <summary>What happens when a connection's time has come (RFC 9293 §3.10.8). Limits are those of Linux 6.x.</summary>
internal static class Timeouts
{
    /// <summary>tcp_fin_timeout: how long a closed socket waits in FIN-WAIT-2 for a FIN.</summary>
    public static readonly TimeSpan FinWait2Limit = TimeSpan.FromSeconds(60);

    /// <summary>tcp_syn_retries.</summary>
    private const int SynRetries = 6;

    /// <summary>tcp_synack_retries.</summary>
    private const int SynAckRetries = 5;

    private const int MaxDoublings = 10;

    /// <summary>RFC 9293 §3.8.3's R2: what tcp_retries2 = 15 comes to.</summary>
    private static readonly TimeSpan R2 = TimeSpan.FromSeconds(924.6);

    /// <summary>The same for a closed socket: what tcp_orphan_retries = 0 comes to.</summary>
    private static readonly TimeSpan OrphanR2 = TimeSpan.FromSeconds(102.2);

    public static TimeSpan ProbeInterval(Sender snd)
    {
        TimeSpan interval = snd.Rtt.BaseRto.Times(1 << Math.Min(snd.PersistBackoffs, MaxDoublings));
        return interval < RoundTripEstimator.MaxRto ? interval : RoundTripEstimator.MaxRto;
    }

    /// <summary>The time-out; the last one ends when the user's does (Linux tcp_clamp_rto_to_user_timeout).</summary>
    public static TimeSpan RetransmitDelay(Connection tcb, Instant now)
    {
        TimeSpan rto = tcb.Snd.Rtt.Rto;
        if (tcb.Socket is not { } socket || socket.UserTimeout <= TimeSpan.Zero)
            return rto;
        TimeSpan rest = socket.UserTimeout - (now - tcb.Snd.ProgressAt);
        return rest > TimeSpan.Zero && rest < rto ? rest : rto;
    }

    public static void OnDeadline(Connection tcb, Instant now)
    {
        tcb.DelayedAck.OnTimer(now);
        if (tcb.Timers.Linger.IsDue(now))
        {
            tcb.Protocol.Forget(tcb);
            return;
        }
        if (tcb.Timers.Pace.IsDue(now))
            tcb.Timers.Pace.Clear(); // Output goes on
        if (tcb.Timers.Reordering.IsDue(now))
        {
            tcb.Timers.Reordering.Clear();
            tcb.Snd.Recovery.OnReorderingTimeout(tcb, now);
        }
        if (tcb.Timers.Probe.IsDue(now))
            OnProbe(tcb, now); // which puts off what follows
        if (tcb.Timers.Retransmit.IsDue(now))
            OnRetransmit(tcb, now);
        if (tcb.Timers.Persist.IsDue(now))
            OnPersist(tcb, now);
        if (tcb.Timers.KeepAlive.IsDue(now))
            OnKeepAlive(tcb, now);
        if (tcb.State != TcpState.Closed)
            Output.Run(tcb, now);
    }

    /// <summary>TLP_send_probe () (RFC 8985 §7.3).</summary>
    private static void OnProbe(Connection tcb, Instant now)
    {
        tcb.Timers.Probe.Clear();
        if (!tcb.State.MayTransmit() || !tcb.Snd.Recovery.MayProbe(tcb))
            return;
        bool isSentAgain = !Output.TryForce(tcb, now);
        if (isSentAgain)
            Output.SendLastAgain(tcb, now);
        tcb.Snd.Recovery.OnProbeSent(tcb, isSentAgain);
        tcb.Timers.Retransmit.Set(now, RetransmitDelay(tcb, now));
    }

    private static void OnRetransmit(Connection tcb, Instant now)
    {
        tcb.Timers.Retransmit.Clear();
        Sender snd = tcb.Snd;
        if (!tcb.State.IsSynchronized())
        {
            OnHandshakeTimeout(tcb, now);
            return;
        }
        // A peer that took its window back and still answers is alive (RFC 9293 §3.8.6, MUST-37).
        bool isWindowShut = snd.Wnd == 0 && now - tcb.LastHeardAt < Limit(tcb);
        if (now - snd.ProgressAt >= Limit(tcb) && !isWindowShut)
        {
            UserCalls.Fail(tcb, TimeoutError(tcb));
            return;
        }
        snd.Rtt.Backoff();
        snd.Rtt.CancelTiming();
        snd.Recovery.OnTimeout(tcb, now);
        tcb.Reroute();
        tcb.Timers.Retransmit.Set(now, RetransmitDelay(tcb, now));
    }

    private static void OnHandshakeTimeout(Connection tcb, Instant now)
    {
        Sender snd = tcb.Snd;
        int retries = tcb.State == TcpState.SynSent ? SynRetries : SynAckRetries;
        bool isOver = snd.Rtt.Backoffs >= retries ||
            (tcb.Socket is { } socket && socket.UserTimeout > TimeSpan.Zero && now - snd.ProgressAt >= socket.UserTimeout);
        if (isOver)
        {
            UserCalls.Fail(tcb, TimeoutError(tcb));
            return;
        }
        snd.Rtt.Backoff();
        snd.Rtt.CancelTiming();
        tcb.Protocol.Writer.SendSyn(tcb, now);
        tcb.Timers.Retransmit.Set(now, RetransmitDelay(tcb, now));
    }

    private static void OnPersist(Connection tcb, Instant now)
    {
        tcb.Timers.Persist.Clear();
        Sender snd = tcb.Snd;
        // A peer that answers may keep its window shut for ever (RFC 9293 §3.8.6.1).
        bool isSilent = snd.Probes > 0 && now - tcb.LastHeardAt >= Limit(tcb);
        if (isSilent)
        {
            UserCalls.Fail(tcb, TimeoutError(tcb));
            return;
        }
        if (Output.TryForce(tcb, now))
            return;
        snd.Probes++;
        snd.PersistBackoffs++; // an answer does not end it while the window stays shut
        Output.SendProbe(tcb, now);
    }

    private static void OnKeepAlive(Connection tcb, Instant now)
    {
        tcb.Timers.KeepAlive.Clear();
        if (tcb.Socket is not { } socket)
            return;
        TimeSpan silence = now - tcb.LastHeardAt;
        if (silence < socket.KeepAliveIdle || tcb.Snd.InFlight > 0 || tcb.Snd.UnsentOctets > 0)
        {
            TimeSpan rest = socket.KeepAliveIdle - silence;
            tcb.Timers.KeepAlive.Set(now, rest > TimeSpan.Zero ? rest : socket.KeepAliveIdle);
            return;
        }
        bool isOver = socket.UserTimeout > TimeSpan.Zero
            ? tcb.Snd.Probes > 0 && silence >= socket.UserTimeout
            : tcb.Snd.Probes >= socket.KeepAliveCount;
        if (isOver)
        {
            UserCalls.SendReset(tcb, now);
            UserCalls.Fail(tcb, TimeoutError(tcb));
            return;
        }
        tcb.Snd.Probes++;
        Output.SendProbe(tcb, now);
        tcb.Timers.KeepAlive.Set(now, socket.KeepAliveInterval);
    }

    private static TimeSpan Limit(Connection tcb) =>
        tcb.Socket is { } socket && socket.UserTimeout > TimeSpan.Zero ? socket.UserTimeout
        : tcb.IsOrphan ? OrphanR2
        : R2;

    private static Errno TimeoutError(Connection tcb) =>
        tcb.SoftError == Errno.None ? Errno.ETIMEDOUT : tcb.SoftError;
}
