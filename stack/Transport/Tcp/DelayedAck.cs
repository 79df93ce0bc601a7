namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// When to acknowledge (RFC 9293 §3.8.6.3, RFC 5681 §4.2). Nothing is sent from here: an acknowledgement that is due
/// goes out at the end of the batch of frames, with data if there is some, and one for all of the batch.
/// </summary>
internal struct DelayedAck
{
    /// <summary>Linux's TCP_DELACK_MIN; RFC 9293 allows up to 500 ms.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(40);

    /// <summary>Linux's TCP_MAX_QUICKACKS: how many segments at the start of a connection are not delayed.</summary>
    private const int MaxQuickAcks = 16;

    private int _quickAcks;
    private int _unacknowledgedOctets;
    private Instant _lastData;
    private Deadline _timer;

    /// <summary>To be sent at the end of this batch.</summary>
    public bool IsDue { get; private set; }

    public readonly Instant? Deadline => _timer.At;

    /// <summary>
    /// The peer may be in slow start and needs acknowledgements to get out of it (Linux tcp_enter_quickack_mode).
    /// </summary>
    public void StartQuick(int windowOctets, int mss) =>
        _quickAcks = Math.Clamp(windowOctets / (2 * mss), 2, MaxQuickAcks);

    /// <summary>Data came in order.</summary>
    public void OnData(int octets, int fullSegment, TimeSpan rto, int windowOctets, Instant now)
    {
        if (_lastData != default && now - _lastData > rto)
            StartQuick(windowOctets, fullSegment); // after a pause the peer's window has shrunk (RFC 5681 §4.1)
        _lastData = now;
        _unacknowledgedOctets += octets;
        if (_quickAcks > 0 || _unacknowledgedOctets >= 2 * fullSegment)
            IsDue = true;
        else if (!_timer.IsSet)
            _timer.Set(now, Delay);
    }

    /// <summary>Something arrived that must be answered without delay: a gap, its filling, a FIN (RFC 5681 §4.2).</summary>
    public void Demand() => IsDue = true;

    /// <summary>We answered data with data: it is a conversation, in which acknowledgements ride on answers.</summary>
    public void OnDataSent(Instant now)
    {
        if (_lastData != default && now - _lastData < Delay)
            _quickAcks = 0;
    }

    /// <summary>A segment with our Rcv.Nxt left.</summary>
    public void OnAckSent()
    {
        if (_quickAcks > 0 && _unacknowledgedOctets > 0)
            _quickAcks--;
        IsDue = false;
        _unacknowledgedOctets = 0;
        _timer.Clear();
    }

    public void OnTimer(Instant now)
    {
        if (_timer.IsDue(now))
            IsDue = true;
    }
}
