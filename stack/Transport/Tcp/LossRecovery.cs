using Pyco.Stack.Transport.Tcp.CongestionControl;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>What may go out next, as far as loss is concerned.</summary>
internal enum NextSegment
{
    None,

    /// <summary>What is lost.</summary>
    Lost,

    /// <summary>Data never sent.</summary>
    NewData,
}

/// <summary>
/// What acknowledgements say about loss, and how much may be sent: loss detection by time with a probe of the tail
/// (RACK-TLP, RFC 8985), or by duplicate ACKs where the peer has no SACK (RFC 6582), limited transmit (RFC 3042),
/// proportional rate reduction (RFC 6937), recovery from a time-out, and its undoing if timestamps (Eifel, RFC 3522) or
/// D-SACK (RFC 3708) show that nothing was lost.
/// </summary>
internal sealed class LossRecovery
{
    private readonly Rack _rack = new();
    private TailLossProbe _probe;
    private ProportionalRateReduction _prr;
    private Phase _phase;
    private SequenceNumber _recoveryPoint;
    private int _dupAcks; // only counted where the peer has no SACK
    private int _allowance;
    private uint? _retransmittedAt;

    // Where the last cut of the window began, as long as it can be undone: duplicates before it tell nothing of it.
    private SequenceNumber? _undoMarker;
    private Phase _cutBy;

    // Octets sent again since then that the peer has not reported as duplicates.
    private int _unreportedOctets;

    // The same since the connection began: duplicates beyond them are the wire's.
    private long _allUnreportedOctets;

    private enum Phase
    {
        Open,
        FastRecovery,
        Timeout,
    }

    public ICongestionControl Congestion { get; set; } = new Cubic(Sender.DefaultPeerMss);

    /// <summary>What lies between Snd.Una and Snd.Nxt.</summary>
    public Transmissions Flight { get; } = new();

    /// <summary>The congestion window, and neither the peer's nor the program, held back the last transmission.</summary>
    public bool IsCwndLimited { get; set; }

    /// <summary>What is lost goes out, one segment of it, even if no window has room.</summary>
    public bool MustSend { get; private set; }

    public bool IsRecovering => _phase != Phase.Open;

    /// <summary>A probe is out: every ACK may tell what became of it.</summary>
    public bool IsProbing => _probe.IsOut;

    /// <summary>Frames believed to be on their way.</summary>
    public int PipeSegments => Math.Max(0, Flight.InFlightSegments - _dupAcks);

    /// <summary>Octets believed to be on their way.</summary>
    public int Pipe(Connection tcb) => Flight.InFlightOctets - Math.Min(_dupAcks * tcb.Snd.Mss, Flight.InFlightOctets);

    /// <summary>Octets that are not known to have arrived.</summary>
    private int Outstanding => Flight.InFlightOctets + Flight.LostOctets;

    /// <summary>Octets that congestion control lets out now.</summary>
    public int Budget(int pipe) => _phase == Phase.FastRecovery ? _allowance : Congestion.Cwnd - pipe;

    /// <summary>What to send next: what is lost comes first.</summary>
    public NextSegment Next(Connection tcb, bool canSendNew, out SackBlock range)
    {
        if (Flight.TryFindLost(tcb.Snd.MaxSegment, out range))
            return NextSegment.Lost;
        return canSendNew ? NextSegment.NewData : NextSegment.None;
    }

    /// <summary>New octets have been sent.</summary>
    public void OnSent(SequenceNumber start, int octets, int segments, Instant now)
    {
        Flight.Add(start, start + octets, segments, now);
        _prr.OnSent(octets);
        _allowance -= octets;
    }

    public void OnRetransmitted(Connection tcb, SackBlock range, int segments, Instant now)
    {
        MustSend = false;
        _retransmittedAt ??= tcb.Timestamps.Clock(now);
        tcb.Snd.Rtt.CancelTiming();
        Flight.SendAgain(range, segments, now);
        _unreportedOctets += range.Length;
        _allUnreportedOctets += range.Length;
        _prr.OnSent(range.Length);
        _allowance -= range.Length;
    }

    /// <summary>RFC 8985 §7.2: when a probe of the tail makes sense.</summary>
    public bool MayProbe(Connection tcb) =>
        tcb.IsSackOn && _phase == Phase.Open && !_probe.IsOut && Flight.ArrivedOctets == 0 && Flight.InFlightOctets > 0;

    public void OnProbeSent(Connection tcb, bool isSentAgain) =>
        _probe.OnSent(tcb.Snd.Nxt, Outstanding, isSentAgain);

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
        _rack.Begin(now, tcb.Timestamps, seg.Options.Timestamp?.Echo, snd.Rtt.MinRtt);
        int delivered = Flight.Acknowledge(snd.Una, _rack);
        if (tcb.IsSackOn)
            delivered += TakeSack(tcb, seg, acked, isDuplicate, now);
        else if (isDuplicate)
            delivered += snd.Mss;
        if (_rack.SampledRtt is { } sample)
            snd.Rtt.OnShortSample(sample, now);
        if (acked > 0 && IsSpurious(tcb, seg))
            Undo(now);
        if (_phase != Phase.Open && snd.Una - _recoveryPoint >= 0)
            EndRecovery(now);
        if (tcb.IsSackOn)
            DetectLoss(tcb, now);
        else
            CountDuplicates(tcb, acked, isDuplicate);
        switch (_phase)
        {
            case Phase.Open:
                Grow(tcb, seg, acked, _rack.SampledRtt ?? rtt, IsCwndLimited, now);
                if (Flight.LostOctets > 0)
                    BeginRecovery(tcb, delivered, now);
                break;
            case Phase.FastRecovery:
                _allowance = _prr.OnAck(delivered, Pipe(tcb), acked > 0);
                break;
            case Phase.Timeout:
                Grow(tcb, seg, acked, rtt, isLimited: true, now);
                break;
        }
    }

    /// <summary>RFC 8985 §6.2, step 5: the reordering window is over.</summary>
    public void OnReorderingTimeout(Connection tcb, Instant now)
    {
        DetectLoss(tcb, now);
        if (Flight.LostOctets == 0)
            return;
        if (_phase == Phase.Open)
            BeginRecovery(tcb, delivered: 0, now);
        else if (_phase == Phase.FastRecovery)
            _allowance = _prr.OnAck(0, Pipe(tcb), advancesUna: false);
    }

    /// <summary>RFC 6298 (5.4) to (5.6), RFC 8985 §6.3: the timer fired; what is lost is sent again, from the start.</summary>
    public void OnTimeout(Connection tcb, Instant now)
    {
        Sender snd = tcb.Snd;
        if (_phase != Phase.Timeout)
        {
            Congestion.OnTimeout(CutFrom(Outstanding), now);
            BeginCut(tcb, Phase.Timeout);
        }
        _phase = Phase.Timeout;
        _dupAcks = 0;
        if (tcb.IsSackOn)
            Flight.MarkLostOnTimeout(_rack.LostAge(snd.Rtt), snd.Mss, now);
        else
            Flight.MarkAllLost();
        _recoveryPoint = snd.Nxt;
        MustSend = true;
    }

    /// <summary>RFC 1191 §6.4: what is in flight was too big and is sent again in smaller pieces; that is no congestion.</summary>
    public void OnPathMtuDecreased(Connection tcb)
    {
        if (_phase != Phase.Open || tcb.Snd.InFlight == 0)
            return;
        Flight.MarkAllLost();
        BeginCut(tcb, Phase.Timeout);
        _undoMarker = null;
        MustSend = true;
    }

    /// <returns>Octets that the peer newly reports to have.</returns>
    private int TakeSack(Connection tcb, in Segment seg, int acked, bool isDuplicate, Instant now)
    {
        Sender snd = tcb.Snd;
        bool isOfProbe = false, isAllDuplicate = false;
        if (TryGetDuplicate(seg.Ack, seg.Options.SackBlocks, out SackBlock duplicate))
        {
            isOfProbe = _probe.IsDuplicate(duplicate);
            isAllDuplicate = TakeDuplicate(snd, duplicate, isOfProbe);
        }
        int sacked = 0;
        if (seg.Options.SackCount > 0)
        {
            // In the order of the octets, or the order of the blocks would be taken for that of their arrival.
            Span<SackBlock> blocks = stackalloc SackBlock[TcpOptions.MaxSackBlocks];
            foreach (SackBlock block in Sort(seg.Options.SackBlocks, blocks))
                sacked += Flight.Sack(block, _rack);
        }
        bool isBareDuplicate = acked == 0 && sacked == 0 && isDuplicate && seg.Options.SackCount == 0;
        if (_probe.HasRepairedLoss(seg.Ack, isOfProbe, isBareDuplicate) && _phase == Phase.Open)
            RespondToRepairedLoss(now);
        if (isAllDuplicate)
            Undo(now);
        return sacked;
    }

    /// <summary>
    /// RFC 2883 §5: the block that reports a duplicate, if the first block is one: it lies below the ACK, or within the
    /// second block.
    /// </summary>
    private static bool TryGetDuplicate(SequenceNumber ack, ReadOnlySpan<SackBlock> blocks, out SackBlock duplicate)
    {
        duplicate = blocks.Length > 0 ? blocks[0] : default;
        if (duplicate.Length <= 0)
            return false;
        return duplicate.End - ack <= 0 ||
            (blocks.Length > 1 && duplicate.Start - blocks[1].Start >= 0 && duplicate.End - blocks[1].End <= 0);
    }

    /// <returns>
    /// True if every octet that was sent again had arrived already (RFC 3708 §3). This comes to light after the recovery,
    /// as the reports follow the ACK that ends it.
    /// </returns>
    private bool TakeDuplicate(Sender snd, SackBlock duplicate, bool isOfProbe)
    {
        _allUnreportedOctets -= duplicate.Length;
        if (_allUnreportedOctets < 0)
        {
            _allUnreportedOctets = 0;
            return false; // the wire has doubled it
        }
        if (!isOfProbe)
            _rack.OnDuplicateReport(snd.Una, snd.Nxt);
        if (_undoMarker is not { } marker || _unreportedOctets == 0 ||
            duplicate.Start - marker < 0 || duplicate.Start - snd.Nxt >= 0 || duplicate.End - snd.Nxt > 0)
            return false;
        if (_cutBy == Phase.FastRecovery)
            _rack.NoteReordering();
        _unreportedOctets = Math.Max(0, _unreportedOctets - duplicate.Length);
        return _unreportedOctets == 0;
    }

    private static Span<SackBlock> Sort(ReadOnlySpan<SackBlock> blocks, Span<SackBlock> sorted)
    {
        int count = 0;
        foreach (SackBlock block in blocks)
        {
            int place = count++;
            for (; place > 0 && sorted[place - 1].Start - block.Start > 0; place--)
                sorted[place] = sorted[place - 1];
            sorted[place] = block;
        }
        return sorted[..count];
    }

    private void DetectLoss(Connection tcb, Instant now)
    {
        TimeSpan window = _rack.Window(IsRecovering, Flight.ArrivedSegments, tcb.Snd.Rtt);
        TimeSpan wait = Flight.DetectLoss(_rack, window, now);
        if (wait > TimeSpan.Zero)
            tcb.Timers.Reordering.Set(now, wait);
        else
            tcb.Timers.Reordering.Clear();
    }

    /// <summary>RFC 5681 §3.2 and RFC 6582 §3.2, for a peer without SACK.</summary>
    private void CountDuplicates(Connection tcb, int acked, bool isDuplicate)
    {
        int smss = tcb.Snd.Mss;
        if (_phase == Phase.Open)
        {
            _dupAcks = acked > 0 ? 0 : isDuplicate ? _dupAcks + 1 : _dupAcks;
            if (_dupAcks >= Rack.DupThresh)
                Flight.MarkFirstLost(smss);
        }
        else if (_phase == Phase.FastRecovery && acked > 0)
        {
            // A partial ACK (step 3): the next hole is lost too; what else it covers had been counted.
            _dupAcks = Math.Max(0, _dupAcks - ((acked + smss - 1) / smss) + 1);
            Flight.MarkFirstLost(smss);
            MustSend = true;
        }
        else if (_phase == Phase.FastRecovery && isDuplicate)
        {
            _dupAcks++;
        }
    }

    private void BeginCut(Connection tcb, Phase phase)
    {
        _phase = _cutBy = phase;
        _recoveryPoint = tcb.Snd.Nxt;
        _retransmittedAt = null;
        _undoMarker = tcb.Snd.Una;
        _unreportedOctets = 0;
        _probe.Forget();
    }

    private void BeginRecovery(Connection tcb, int delivered, Instant now)
    {
        Sender snd = tcb.Snd;
        // RFC 9937 §6.1: what was on its way before this ACK. What had been reported before is no part of the flight, or a
        // recovery that follows another at once would cut from what both have piled up, and widen the window.
        int flight = tcb.IsSackOn ? Outstanding + delivered : snd.InFlight;
        Congestion.OnLoss(CutFrom(flight), now);
        BeginCut(tcb, Phase.FastRecovery);
        MustSend = true;
        _prr = default;
        _prr.Begin(flight, Congestion.Ssthresh, snd.Mss);
        _allowance = _prr.OnAck(delivered, Pipe(tcb), advancesUna: false);
    }

    /// <summary>
    /// What the cut counts from: the flight, unless the window was all that held it back. Then it is the window, as a recovery
    /// before this one may have left the flight short (RFC 9438 §4.6).
    /// </summary>
    private int CutFrom(int flight) => IsCwndLimited ? Math.Max(flight, Congestion.Cwnd) : flight;

    /// <summary>RFC 8985 §7.4: the one segment that the probe has repaired was a sign of congestion too.</summary>
    private void RespondToRepairedLoss(Instant now)
    {
        Congestion.OnLoss(_probe.FlightOctets, now);
        Congestion.OnRecovered(now);
        _undoMarker = null;
    }

    private void EndRecovery(Instant now)
    {
        if (_phase == Phase.FastRecovery)
            Congestion.OnRecovered(now);
        _rack.OnRecovered();
        Leave();
    }

    private void Leave()
    {
        _phase = Phase.Open;
        _dupAcks = 0;
        MustSend = false;
        _retransmittedAt = null;
    }

    /// <summary>RFC 3522 §3: the ACK echoes a timestamp from before we sent anything again.</summary>
    private bool IsSpurious(Connection tcb, in Segment seg) =>
        _phase != Phase.Open && tcb.Timestamps.IsOn && _retransmittedAt is { } first &&
        seg.Options.Timestamp is { } timestamp && unchecked((int)(timestamp.Echo - first)) < 0;

    private void Undo(Instant now)
    {
        if (_cutBy == Phase.FastRecovery)
            _rack.NoteReordering();
        _undoMarker = null;
        Congestion.OnSpurious(now);
        if (_phase == Phase.Open)
            return;
        Flight.ForgiveLost();
        Leave();
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
