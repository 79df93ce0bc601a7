using Pyco.Stack.Transport.Tcp.CongestionControl;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// What acknowledgements say about loss, and how much may be sent: fast retransmit and recovery by SACK (RFC 6675) or
/// without (RFC 6582), limited transmit (RFC 3042), proportional rate reduction (RFC 6937), recovery from a time-out,
/// and its undoing if timestamps (Eifel, RFC 3522) or D-SACK (RFC 3708) show that nothing was lost.
/// </summary>
internal sealed class LossRecovery
{
    private const int DupThresh = SackScoreboard.DupThresh;

    private ProportionalRateReduction _prr;
    private Phase _phase;
    private int _dupAcks;
    private int _allowance;
    private bool _wantsHead;
    private uint? _retransmittedAt;

    // Where the last cut of the window began, as long as it can be undone: duplicates before it tell nothing of it.
    private SequenceNumber? _undoMarker;

    // Octets sent again since then that the peer has not reported as duplicates.
    private int _unreportedOctets;

    private enum Phase
    {
        Open,
        FastRecovery,
        Timeout,
    }

    public ICongestionControl Congestion { get; set; } = new Cubic(Sender.DefaultPeerMss);

    /// <summary>The congestion window, and neither the peer's nor the program, held back the last transmission.</summary>
    public bool IsCwndLimited { get; set; }

    public bool IsRecovering => _phase != Phase.Open;

    /// <summary>Octets believed to be on their way.</summary>
    public int Pipe(Connection tcb)
    {
        Sender snd = tcb.Snd;
        if (_phase == Phase.Timeout || (_phase == Phase.FastRecovery && tcb.IsSackOn))
            return snd.Sacked.SetPipe(snd.Nxt, snd.Mss);
        int arrived = tcb.IsSackOn ? snd.Sacked.SackedOctets : Math.Min(_dupAcks * snd.Mss, snd.InFlight);
        return snd.InFlight - arrived;
    }

    /// <summary>Octets that congestion control lets out now.</summary>
    public int Budget(int pipe) => _phase == Phase.FastRecovery ? _allowance : Congestion.Cwnd - pipe;

    /// <summary>What to send next (RFC 6675's NextSeg where there is something to send again).</summary>
    public NextSegment Next(Connection tcb, bool canSendNew, out SackBlock range)
    {
        Sender snd = tcb.Snd;
        range = default;
        if (_phase == Phase.Timeout || (_phase == Phase.FastRecovery && tcb.IsSackOn))
        {
            if (!_wantsHead)
                return snd.Sacked.NextSeg(snd.Nxt, snd.Mss, canSendNew, out range);
        }
        if (_phase != Phase.Open && _wantsHead && snd.InFlight > 0)
        {
            range = new(snd.Una, SequenceNumber.Earlier(snd.Una + snd.Mss, snd.Nxt));
            return NextSegment.Lost;
        }
        return canSendNew ? NextSegment.NewData : NextSegment.None;
    }

    public void OnSent(int octets)
    {
        _prr.OnSent(octets);
        _allowance -= octets;
    }

    public void OnRetransmitted(Connection tcb, SackBlock range, NextSegment rule, Instant now)
    {
        _wantsHead = false;
        _retransmittedAt ??= tcb.Timestamps.Clock(now);
        tcb.Snd.Rtt.CancelTiming();
        tcb.Snd.Sacked.OnRetransmitted(range, rule);
        _unreportedOctets += range.Length;
        OnSent(range.Length);
    }

    /// <summary>Takes in an acceptable ACK, after Snd.Una has moved.</summary>
    /// <param name="tcb">The connection.</param>
    /// <param name="seg">The segment with the ACK.</param>
    /// <param name="acked">Octets by which Snd.Una moved.</param>
    /// <param name="rtt">The round trip that it measured.</param>
    /// <param name="isDuplicate">RFC 5681 §2's duplicate ACK.</param>
    /// <param name="now">The moment.</param>
    public void OnAck(Connection tcb, in Segment seg, int acked, TimeSpan? rtt, bool isDuplicate, Instant now)
    {
        Sender snd = tcb.Snd;
        int sacked = snd.Sacked.Update(snd.Una, snd.Nxt, tcb.IsSackOn ? seg.Options.SackBlocks : default);
        if ((acked > 0 && IsSpurious(tcb, seg)) || AreAllDuplicates(tcb, seg))
            Undo(tcb, now);
        int delivered = acked + (tcb.IsSackOn ? sacked : isDuplicate ? snd.Mss : 0);
        bool counts = isDuplicate && (!tcb.IsSackOn || sacked > 0);
        if (_phase != Phase.Open && snd.Sacked.RecoveryPoint is { } point && snd.Una - point >= 0)
            EndRecovery(tcb, now);
        switch (_phase)
        {
            case Phase.Open:
                _dupAcks = acked > 0 ? 0 : counts ? _dupAcks + 1 : _dupAcks;
                Grow(tcb, seg, acked, rtt, IsCwndLimited, now);
                bool isLost = tcb.IsSackOn && !snd.Sacked.IsEmpty && snd.Sacked.IsLost(snd.Una, snd.Mss);
                if (snd.InFlight > 0 && (isLost || _dupAcks >= DupThresh))
                    BeginRecovery(tcb, delivered, now);
                break;
            case Phase.FastRecovery:
                OnRecoveryAck(tcb, acked, delivered, counts);
                break;
            case Phase.Timeout:
                Grow(tcb, seg, acked, rtt, isLimited: true, now);
                break;
        }
    }

    /// <summary>RFC 6298 (5.4) to (5.6): the timer fired; everything that did not arrive is sent again, from the start.</summary>
    public void OnTimeout(Connection tcb, Instant now)
    {
        Sender snd = tcb.Snd;
        if (_phase != Phase.Timeout)
        {
            Congestion.OnTimeout(snd.InFlight, now);
            _retransmittedAt = null;
            MarkForUndo(snd);
        }
        snd.Sacked.OnTimeout(snd.Nxt);
        _phase = Phase.Timeout;
        _dupAcks = 0;
        _wantsHead = true;
    }

    /// <summary>RFC 1191 §6.4: what is in flight was too big and is sent again in smaller pieces; that is no congestion.</summary>
    public void OnPathMtuDecreased(Connection tcb)
    {
        if (_phase != Phase.Open || tcb.Snd.InFlight == 0)
            return;
        tcb.Snd.Sacked.OnTimeout(tcb.Snd.Nxt);
        _phase = Phase.Timeout;
        _wantsHead = true;
        _undoMarker = null;
    }

    private void MarkForUndo(Sender snd)
    {
        _undoMarker = snd.Una;
        _unreportedOctets = 0;
    }

    private void BeginRecovery(Connection tcb, int delivered, Instant now)
    {
        Sender snd = tcb.Snd;
        Congestion.OnLoss(snd.InFlight, now);
        snd.Sacked.BeginRecovery(snd.Nxt);
        _phase = Phase.FastRecovery;
        _retransmittedAt = null;
        MarkForUndo(snd);
        _wantsHead = true;
        _prr = default;
        _prr.Begin(snd.InFlight, Congestion.Ssthresh, snd.Mss);
        _allowance = _prr.OnAck(delivered, Pipe(tcb), advancesUna: false);
    }

    private void OnRecoveryAck(Connection tcb, int acked, int delivered, bool counts)
    {
        Sender snd = tcb.Snd;
        if (acked > 0 && !tcb.IsSackOn)
        {
            // A partial ACK (RFC 6582 §3.2 step 3): the next hole is lost too; what else it covers had been counted.
            int segments = (acked + snd.Mss - 1) / snd.Mss;
            _dupAcks = Math.Max(0, _dupAcks - segments + 1);
            _wantsHead = true;
        }
        else if (counts)
        {
            _dupAcks++;
        }
        _allowance = _prr.OnAck(delivered, Pipe(tcb), acked > 0);
    }

    private void EndRecovery(Connection tcb, Instant now)
    {
        if (_phase == Phase.FastRecovery)
            Congestion.OnRecovered(now);
        Leave(tcb);
    }

    private void Leave(Connection tcb)
    {
        tcb.Snd.Sacked.EndRecovery();
        _phase = Phase.Open;
        _dupAcks = 0;
        _wantsHead = false;
        _retransmittedAt = null;
    }

    /// <summary>RFC 3522 §3: the ACK echoes a timestamp from before we sent anything again.</summary>
    private bool IsSpurious(Connection tcb, in Segment seg) =>
        _phase != Phase.Open && tcb.Timestamps.IsOn && _retransmittedAt is { } first &&
        seg.Options.Timestamp is { } timestamp && unchecked((int)(timestamp.Echo - first)) < 0;

    /// <summary>
    /// RFC 3708 §3: every octet that was sent again had arrived already. This comes to light after the recovery, as the
    /// reports follow the ACK that ends it.
    /// </summary>
    private bool AreAllDuplicates(Connection tcb, in Segment seg)
    {
        if (!tcb.IsSackOn || _undoMarker is not { } marker || _unreportedOctets == 0 ||
            !SackScoreboard.TryGetDuplicate(seg.Ack, seg.Options.SackBlocks, out SackBlock duplicate) ||
            duplicate.Start - marker < 0 || duplicate.Start - tcb.Snd.Nxt >= 0 || duplicate.End - tcb.Snd.Nxt > 0)
            return false;
        _unreportedOctets = Math.Max(0, _unreportedOctets - duplicate.Length);
        return _unreportedOctets == 0;
    }

    private void Undo(Connection tcb, Instant now)
    {
        _undoMarker = null;
        Congestion.OnSpurious(now);
        if (_phase != Phase.Open)
            Leave(tcb);
    }

    private void Grow(Connection tcb, in Segment seg, int acked, TimeSpan? rtt, bool isLimited, Instant now)
    {
        if (acked <= 0)
            return;
        Congestion.OnAck(new AckSample(now, acked, seg.Ack, tcb.Snd.Nxt)
        {
            LargestSegment = tcb.Snd.MaxSegment,
            Rtt = rtt,
            Srtt = tcb.Snd.Rtt.Srtt,
            IsCwndLimited = isLimited,
        });
        tcb.Snd.GrowLimit(Congestion.Cwnd);
    }
}
