namespace Pyco.Stack.Transport.Tcp.CongestionControl;

/// <summary>
/// How much may be in flight (RFC 5681). The sender tells what happens; all quantities are octets. What is sent during
/// a recovery is the sender's affair (<see cref="ProportionalRateReduction"/>): here a loss changes the two variables.
/// </summary>
internal interface ICongestionControl
{
    /// <summary>The name as TCP_CONGESTION has it.</summary>
    string Name { get; }

    /// <summary>The congestion window, never below one segment.</summary>
    int Cwnd { get; }

    /// <summary>ssthresh; int.MaxValue until the first loss.</summary>
    int Ssthresh { get; }

    bool IsInSlowStart { get; }

    /// <summary>
    /// The SYN was lost more than once, which RFC 6928 §2 takes for the loss that RFC 5681 §3.1 means: the first window is
    /// one segment.
    /// </summary>
    void OnLostSyn();

    /// <summary>New data was acknowledged, outside of recovery.</summary>
    void OnAck(in AckSample ack);

    /// <summary>Loss was detected by duplicate ACKs or SACK; once for a window of data. Recovery begins.</summary>
    void OnLoss(int flightOctets, Instant now);

    /// <summary>Recovery has ended: all that was outstanding when it began is acknowledged.</summary>
    void OnRecovered(Instant now);

    /// <summary>The peer echoed a congestion mark (RFC 3168 §6.1.2): as a loss, but nothing is sent again. Once for a window.</summary>
    void OnCongestionMark(int flightOctets, Instant now);

    /// <summary>The retransmission timer fired for the first time for this data: the window shrinks to one segment.</summary>
    void OnTimeout(int flightOctets, Instant now);

    /// <summary>The last loss or time-out did not happen (D-SACK, Eifel, F-RTO): all is as it was before.</summary>
    void OnSpurious(Instant now);

    /// <summary>Nothing was in flight for this long and sending begins again (RFC 5681 §4.1).</summary>
    void OnIdle(TimeSpan idle, TimeSpan rto);

    /// <summary>The segment size became another (path MTU discovery).</summary>
    void SetSegmentSize(int smss);
}

/// <summary>An ACK of new data as congestion control sees it.</summary>
/// <param name="Now">The moment of its arrival.</param>
/// <param name="AckedOctets">Octets newly known to have arrived.</param>
/// <param name="Ack">SEG.ACK.</param>
/// <param name="Nxt">Snd.Nxt: an ACK beyond it ends the round trip that begins now.</param>
internal readonly record struct AckSample(Instant Now, int AckedOctets, SequenceNumber Ack, SequenceNumber Nxt)
{
    /// <summary>Octets of the largest segment that we send; the segment size, if zero.</summary>
    public int LargestSegment { get; init; }

    /// <summary>The round trip that the ACK measured, or null.</summary>
    public TimeSpan? Rtt { get; init; }

    /// <summary>SRTT, or null.</summary>
    public TimeSpan? Srtt { get; init; }

    /// <summary>
    /// The window was what held the sender back before the ACK. If the program or the peer's window did, the window
    /// proves nothing and must not grow (RFC 9438 §5.8, RFC 7661).
    /// </summary>
    public bool IsCwndLimited { get; init; }
}
