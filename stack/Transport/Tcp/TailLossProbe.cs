namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// The tail loss probe (RFC 8985 §7): when ACKs stay out for two round trips, one segment more makes the peer say what it
/// has, long before the retransmission timer would fire.
/// </summary>
internal struct TailLossProbe
{
    /// <summary>TLP.max_ack_delay: what Linux delays an ACK by at most (TCP_DELACK_MAX).</summary>
    private static readonly TimeSpan MaxAckDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// A host that waits for a processor answers so late. (RFC 8985 has no such limit; its drafts had this one, Linux has 2 ms.)
    /// </summary>
    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(10);

    private SequenceNumber _end; // TLP.end_seq
    private bool _isSentAgain; // TLP.is_retrans

    /// <summary>A probe has gone out, and what became of it is not known.</summary>
    public bool IsOut { get; private set; }

    /// <summary>What was on its way when it went out.</summary>
    public int FlightOctets { get; private set; }

    /// <summary>TLP_calc_PTO (), which the retransmission timer limits.</summary>
    public static TimeSpan Delay(Sender snd)
    {
        if (snd.Rtt.Srtt is not { } srtt)
            return RoundTripEstimator.InitialRto;
        TimeSpan delay = srtt.Times(2) > MinDelay ? srtt.Times(2) : MinDelay;
        // Less than two full segments are not acknowledged at once (RFC 9293 §3.8.6.3).
        return snd.InFlight < 2 * snd.Mss ? delay + MaxAckDelay : delay;
    }

    /// <summary>The probe goes out.</summary>
    /// <param name="nxt">Snd.Nxt after it.</param>
    /// <param name="flightOctets">What was on its way then.</param>
    /// <param name="isSentAgain">It has no new data.</param>
    public void OnSent(SequenceNumber nxt, int flightOctets, bool isSentAgain) =>
        (_end, FlightOctets, _isSentAgain, IsOut) = (nxt, flightOctets, isSentAgain, true);

    /// <summary>A time-out or a fast recovery begins: what it finds out is more.</summary>
    public void Forget() => IsOut = false;

    /// <summary>It reports the probe itself, so that nothing was lost.</summary>
    public readonly bool IsDuplicate(SackBlock duplicate) => IsOut && _isSentAgain && duplicate.End == _end;

    /// <summary>TLP_process_ack (): was one segment lost, which the probe has repaired before anybody noticed?</summary>
    /// <param name="ack">SEG.ACK.</param>
    /// <param name="isDuplicateOfProbe">See <see cref="IsDuplicate"/>.</param>
    /// <param name="isBareDuplicate">A duplicate ACK without a report: both copies have arrived.</param>
    public bool HasRepairedLoss(SequenceNumber ack, bool isDuplicateOfProbe, bool isBareDuplicate)
    {
        if (!IsOut || ack - _end < 0)
            return false;
        if (!_isSentAgain || isDuplicateOfProbe || (isBareDuplicate && ack == _end))
        {
            IsOut = false;
            return false;
        }
        if (ack == _end)
            return false; // the probe has arrived, or what it repeats: the next ACK tells
        IsOut = false;
        return true;
    }
}
