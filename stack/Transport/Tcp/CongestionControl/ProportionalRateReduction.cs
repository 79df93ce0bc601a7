using System.Diagnostics;

namespace Pyco.Stack.Transport.Tcp.CongestionControl;

/// <summary>
/// How much to send for each ACK of a recovery (RFC 6937, PRR-SSRB): in proportion to what arrives, so that the flight
/// is ssthresh when the recovery ends, without a pause and without a burst.
/// </summary>
internal struct ProportionalRateReduction
{
    private int _recoverFlight;
    private int _ssthresh;
    private int _smss;
    private long _delivered; // prr_delivered
    private long _out; // prr_out

    /// <summary>Recovery begins.</summary>
    /// <param name="flightOctets">RecoverFS: Snd.Nxt - Snd.Una.</param>
    /// <param name="ssthresh">The flight to end with.</param>
    /// <param name="smss">Segment size.</param>
    public void Begin(int flightOctets, int ssthresh, int smss)
    {
        Debug.Assert(smss > 0);
        _recoverFlight = Math.Max(flightOctets, smss);
        _ssthresh = ssthresh;
        _smss = smss;
        _delivered = 0;
        _out = 0;
    }

    /// <summary>Takes an ACK of the recovery.</summary>
    /// <param name="deliveredOctets">DeliveredData: newly acknowledged and newly SACKed octets.</param>
    /// <param name="pipe">Octets in flight after the ACK, before anything is sent for it.</param>
    /// <param name="advancesUna">
    /// The ACK acknowledges new data without showing new loss: only then the flight may grow by a segment beyond what
    /// arrived (RFC 9937 §5, safeACK).
    /// </param>
    /// <returns>Octets that may be sent now; the window for the moment is pipe plus this.</returns>
    public int OnAck(int deliveredOctets, int pipe, bool advancesUna)
    {
        _delivered += deliveredOctets;
        long toSend;
        if (pipe > _ssthresh)
        {
            toSend = (((_delivered * _ssthresh) + _recoverFlight - 1) / _recoverFlight) - _out;
        }
        else
        {
            long limit = Math.Max(_delivered - _out, deliveredOctets);
            if (advancesUna)
                limit += _smss;
            toSend = Math.Min(_ssthresh - pipe, limit);
        }
        // The fast retransmit itself must go out, whatever the sum says.
        if (_out == 0)
            toSend = Math.Max(toSend, _smss);
        return (int)Math.Max(toSend, 0);
    }

    /// <summary>Notes octets sent during the recovery, new ones or again.</summary>
    public void OnSent(int octets) => _out += octets;
}
