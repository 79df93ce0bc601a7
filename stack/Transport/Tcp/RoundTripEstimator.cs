using System.Diagnostics;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>The retransmission time-out and what it is computed from (RFC 6298).</summary>
/// <remarks>
/// Where RFC 6298 (2.4) wants at least 1 s, this follows Linux (TCP_RTO_MIN, TCP_RTO_MAX): the variance term is at
/// least 200 ms, so that a peer's delayed ACK does not fire the timer, and the whole at most 120 s. Karn's rule:
/// <see cref="CancelTiming"/> when the timed octets are sent again.
/// </remarks>
internal sealed class RoundTripEstimator
{
    /// <summary>RFC 6298 (2.1).</summary>
    public static readonly TimeSpan InitialRto = TimeSpan.FromSeconds(1);

    /// <summary>RFC 6298 (5.7): for data after a SYN had to be sent again.</summary>
    public static readonly TimeSpan RtoAfterLostSyn = TimeSpan.FromSeconds(3);

    public static readonly TimeSpan MinVariance = TimeSpan.FromMilliseconds(200);

    public static readonly TimeSpan MaxRto = TimeSpan.FromSeconds(120);

    /// <summary>How long a minimum counts, as in Linux (tcp_min_rtt_wlen).</summary>
    public static readonly TimeSpan MinRttWindow = TimeSpan.FromSeconds(300);

    private TimeSpan _base = InitialRto;
    private WindowedMinimum _minimum = new(MinRttWindow);
    private SequenceNumber _timedEnd;
    private Instant? _timedSince;

    /// <summary>SRTT, or null before the first sample.</summary>
    public TimeSpan? Srtt { get; private set; }

    public TimeSpan RttVar { get; private set; }

    /// <summary>The most recent sample.</summary>
    public TimeSpan? LatestRtt { get; private set; }

    /// <summary>The least sample of the last five minutes.</summary>
    public TimeSpan? MinRtt => _minimum.Value;

    /// <summary>How often the time-out was doubled since the last acknowledgement of new data.</summary>
    public int Backoffs { get; private set; }

    /// <summary>The time-out, with all doublings.</summary>
    public TimeSpan Rto
    {
        get
        {
            // 120 s is less than 2^10 times any time-out.
            TimeSpan rto = _base.Times(1 << Math.Min(Backoffs, 10));
            return rto < MaxRto ? rto : MaxRto;
        }
    }

    /// <summary>The time-out without the doublings.</summary>
    public TimeSpan BaseRto => _base;

    /// <summary>Takes a measured round trip (RFC 6298 (2.2), (2.3)).</summary>
    /// <param name="rtt">From an octet's only transmission to its acknowledgement, or from an echoed timestamp.</param>
    /// <param name="now">The moment of the acknowledgement.</param>
    /// <param name="expectedSamples">
    /// How many samples a round trip gives: with more than one, each weighs less (RFC 7323 appendix G).
    /// </param>
    public void OnSample(TimeSpan rtt, Instant now, int expectedSamples = 1)
    {
        Debug.Assert(rtt >= TimeSpan.Zero);
        Debug.Assert(expectedSamples >= 1);
        if (Srtt is { } srtt)
        {
            RttVar += ((srtt - rtt).Duration() - RttVar).Over(4 * expectedSamples);
            Srtt = srtt + (rtt - srtt).Over(8 * expectedSamples);
        }
        else
        {
            Srtt = rtt;
            RttVar = rtt.Over(2);
        }
        LatestRtt = rtt;
        _minimum.Add(rtt, now);
        TimeSpan variance = RttVar.Times(4);
        _base = Srtt.Value + (variance > MinVariance ? variance : MinVariance);
        if (_base > MaxRto)
            _base = MaxRto;
    }

    /// <summary>
    /// Takes a round trip that counts for the minimum alone: every ACK shows one, of which <see cref="OnSample"/> has one for
    /// each flight.
    /// </summary>
    public void OnShortSample(TimeSpan rtt, Instant now) => _minimum.Add(rtt, now);

    /// <summary>Times the segment that ends before <paramref name="end"/>, unless one is being timed already.</summary>
    public void StartTiming(SequenceNumber end, Instant now)
    {
        if (_timedSince is not null)
            return;
        _timedEnd = end;
        _timedSince = now;
    }

    /// <summary>Karn's rule: an ACK could be for either transmission, so the measurement is void.</summary>
    public void CancelTiming() => _timedSince = null;

    /// <summary>Ends the measurement if the ACK covers the timed segment.</summary>
    /// <returns>True if a sample was taken.</returns>
    public bool TryTakeSample(SequenceNumber ack, Instant now, int expectedSamples = 1)
    {
        if (_timedSince is not { } since || ack - _timedEnd < 0)
            return false;
        _timedSince = null;
        OnSample(now - since, now, expectedSamples);
        return true;
    }

    /// <summary>RFC 6298 (5.5): the timer fired.</summary>
    public void Backoff() => Backoffs++;

    /// <summary>New data was acknowledged: the doublings end, as in Linux, even where Karn's rule forbids a sample.</summary>
    public void ResetBackoff() => Backoffs = 0;

    /// <summary>RFC 6298 (5.7): the handshake is done, but its SYN had to be sent again and gave no sample.</summary>
    public void OnEstablishedAfterLostSyn()
    {
        Backoffs = 0;
        if (Srtt is null)
            _base = RtoAfterLostSyn;
    }
}
