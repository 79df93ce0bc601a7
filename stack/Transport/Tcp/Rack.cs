namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// RACK (RFC 8985 §6): a segment is lost if one that was sent enough later has arrived. "Enough" is the reordering window,
/// which is none until a path has shown that it changes the order.
/// </summary>
internal sealed class Rack
{
    /// <summary>RFC 8985 §4: so many segments that have arrived stand for no reordering, as long as none was seen.</summary>
    public const int DupThresh = 3;

    /// <summary>RFC 8985 §6.2, step 4: so many recoveries without D-SACK make the window small again.</summary>
    private const int PersistRecoveries = 16;

    /// <summary>
    /// The window is no shorter, although it may exceed SRTT then: the stack's clock stands still for a turn of its
    /// owner's loop, and a local network has round trips that are shorter than some turns.
    /// </summary>
    private static readonly TimeSpan MinWindow = TimeSpan.FromMilliseconds(1);

    private Instant _sentAt; // RACK.xmit_ts
    private SequenceNumber _end; // RACK.end_seq
    private bool _hasDelivered;
    private SequenceNumber? _fack;
    private bool _reorderingSeen;
    private SequenceNumber? _dsackRound;
    private int _windowFactor = 1; // RACK.reo_wnd_mult
    private int _persist; // RACK.reo_wnd_persist
    private Ack _ack;

    /// <summary>RACK.rtt: of the segment that was sent last of those that have arrived.</summary>
    public TimeSpan Rtt { get; private set; }

    /// <summary>The round trip that the present ACK shows beyond doubt (Karn's rule), or null.</summary>
    public TimeSpan? SampledRtt { get; private set; }

    /// <summary>An ACK's octets follow, in their order.</summary>
    /// <param name="now">The moment.</param>
    /// <param name="timestamps">The connection's.</param>
    /// <param name="echo">The ACK's echoed timestamp, or null.</param>
    /// <param name="minRtt">RACK.min_RTT.</param>
    public void Begin(Instant now, in Timestamps timestamps, uint? echo, TimeSpan? minRtt)
    {
        _ack = new(now, timestamps.Offset, timestamps.IsOn ? echo : null, minRtt ?? TimeSpan.Zero);
        SampledRtt = null;
    }

    /// <summary>§6.2, steps 1 to 3.</summary>
    public void OnDelivered(in Transmission run)
    {
        TimeSpan rtt = _ack.Now - run.SentAt;
        DetectReordering(run);
        if (run.WasSentAgain)
        {
            // The ACK may be for what was sent before.
            if (_ack.AnswersEarlierThan(run.SentAt) || rtt < _ack.MinRtt)
                return;
        }
        else
        {
            SampledRtt = SampledRtt is { } known && known < rtt ? known : rtt;
        }
        Rtt = rtt;
        if (_hasDelivered && !IsAfter(run.SentAt, run.End, _sentAt, _end))
            return;
        (_sentAt, _end, _hasDelivered) = (run.SentAt, run.End, true);
    }

    /// <summary>RACK_sent_after (): what has arrived was sent after this.</summary>
    public bool WasSentBeforeDelivered(in Transmission run) =>
        _hasDelivered && IsAfter(_sentAt, _end, run.SentAt, run.End);

    /// <summary>RACK_update_reo_wnd (), the part that the present ACK's D-SACK decides.</summary>
    public void OnDuplicateReport(SequenceNumber una, SequenceNumber nxt)
    {
        if (_dsackRound is { } round && una - round < 0)
            return; // once in a round trip
        _dsackRound = nxt;
        _windowFactor++;
        _persist = PersistRecoveries;
    }

    /// <summary>A recovery has ended.</summary>
    public void OnRecovered()
    {
        if (--_persist <= 0)
            _windowFactor = 1;
    }

    /// <summary>What had been taken for lost was only late, other evidence says.</summary>
    public void NoteReordering() => _reorderingSeen = true;

    /// <summary>RACK.reo_wnd.</summary>
    /// <param name="isRecovering">In a fast recovery, or in one from a time-out.</param>
    /// <param name="arrivedSegments">RACK.segs_sacked.</param>
    /// <param name="rtt">For RACK.min_RTT and SRTT.</param>
    public TimeSpan Window(bool isRecovering, int arrivedSegments, RoundTripEstimator rtt)
    {
        if (!_reorderingSeen && (isRecovering || arrivedSegments >= DupThresh))
            return TimeSpan.Zero;
        TimeSpan window = (rtt.MinRtt ?? TimeSpan.Zero).Times(_windowFactor).Over(4);
        TimeSpan limit = rtt.Srtt ?? window;
        window = window < limit ? window : limit;
        return window > MinWindow ? window : MinWindow;
    }

    /// <summary>What is so old when the retransmission timer fires is lost (§6.3).</summary>
    public TimeSpan LostAge(RoundTripEstimator rtt) =>
        (_hasDelivered ? Rtt : rtt.Srtt ?? TimeSpan.Zero) + Window(isRecovering: true, arrivedSegments: 0, rtt);

    /// <summary>§6.2, step 3: RACK.fack is the highest octet that has arrived.</summary>
    private void DetectReordering(in Transmission run)
    {
        if (_fack is not { } fack || run.End - fack > 0)
            _fack = run.End;
        else if (run.End - fack < 0 && !run.WasSentAgain)
            _reorderingSeen = true;
    }

    private static bool IsAfter(Instant sentAt, SequenceNumber end, Instant otherSentAt, SequenceNumber otherEnd) =>
        sentAt > otherSentAt || (sentAt == otherSentAt && end - otherEnd > 0);

    private readonly record struct Ack(Instant Now, uint ClockOffset, uint? Echo, TimeSpan MinRtt)
    {
        public bool AnswersEarlierThan(Instant sentAt) =>
            Echo is { } echo && unchecked((int)(echo - Timestamps.Clock(sentAt, ClockOffset))) < 0;
    }
}
