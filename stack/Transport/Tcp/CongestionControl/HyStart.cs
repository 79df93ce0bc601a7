namespace Pyco.Stack.Transport.Tcp.CongestionControl;

/// <summary>
/// HyStart++ (RFC 9406): ends the first slow start when round trips grow, before the queue overflows. Used until the
/// first loss only, as its section 4.3 recommends.
/// </summary>
internal sealed class HyStart
{
    private const int SamplesForRound = 8; // N_RTT_SAMPLE
    private const int MinRttDivisor = 8;
    private const int CssGrowthDivisor = 4;
    private const int CssRounds = 5;

    private static readonly TimeSpan MinRttThresh = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan MaxRttThresh = TimeSpan.FromMilliseconds(16);

    private SequenceNumber? _windowEnd;
    private TimeSpan _lastRoundMinRtt = TimeSpan.MaxValue;
    private TimeSpan _currentRoundMinRtt = TimeSpan.MaxValue;
    private TimeSpan _cssBaselineMinRtt;
    private int _samples;
    private int _cssRound;

    /// <summary>Conservative slow start: the window grows by a quarter of the normal amount.</summary>
    public bool IsConservative { get; private set; }

    /// <summary>How much to add to the window for so many acknowledged octets.</summary>
    public int Growth(int ackedOctets) => IsConservative ? ackedOctets / CssGrowthDivisor : ackedOctets;

    /// <summary>Takes an ACK in slow start.</summary>
    /// <returns>True if slow start is to end: ssthresh becomes the present window.</returns>
    public bool OnAck(in AckSample ack)
    {
        bool roundEnds = _windowEnd is { } end && ack.Ack - end >= 0;
        bool isDone = false;
        if (roundEnds && IsConservative)
            isDone = ++_cssRound >= CssRounds;
        if (roundEnds || _windowEnd is null)
            BeginRound(ack.Nxt);
        if (ack.Rtt is { } rtt)
            OnSample(rtt);
        return isDone;
    }

    private void BeginRound(SequenceNumber nxt)
    {
        _windowEnd = nxt;
        _lastRoundMinRtt = _currentRoundMinRtt;
        _currentRoundMinRtt = TimeSpan.MaxValue;
        _samples = 0;
    }

    private void OnSample(TimeSpan rtt)
    {
        if (rtt < _currentRoundMinRtt)
            _currentRoundMinRtt = rtt;
        _samples++;
        if (_samples < SamplesForRound)
            return;
        if (IsConservative)
        {
            // The growth was a moment's jitter: slow start goes on.
            if (_currentRoundMinRtt < _cssBaselineMinRtt)
                IsConservative = false;
            return;
        }
        if (_lastRoundMinRtt == TimeSpan.MaxValue)
            return;
        TimeSpan threshold = _lastRoundMinRtt / MinRttDivisor;
        threshold = threshold < MinRttThresh ? MinRttThresh : threshold > MaxRttThresh ? MaxRttThresh : threshold;
        if (_currentRoundMinRtt >= _lastRoundMinRtt + threshold)
        {
            _cssBaselineMinRtt = _currentRoundMinRtt;
            IsConservative = true;
            _cssRound = 0;
        }
    }
}
