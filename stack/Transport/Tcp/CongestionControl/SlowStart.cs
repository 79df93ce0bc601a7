namespace Pyco.Stack.Transport.Tcp.CongestionControl;

/// <summary>
/// The window and the slow start that all algorithms share (RFC 5681 §3.1), with HyStart++ until the first loss.
/// </summary>
internal sealed class SlowStart(int smss)
{
    /// <summary>
    /// L of RFC 9406 §4.2 for senders without pacing: a stretch ACK opens the window by no more than this. Where
    /// super-segments travel whole, each counts as one: an ACK that answers one is no stretch ACK. (Linux has no such limit.)
    /// </summary>
    private const int MaxSegmentsForAck = 8;

    private readonly HyStart _hyStart = new();

    public int Smss { get; set; } = smss;

    public int Cwnd { get; set; } = InitialWindow.Octets(smss);

    public int Ssthresh { get; set; } = int.MaxValue;

    public bool IsActive => Cwnd < Ssthresh;

    /// <summary>Grows the window for an ACK in slow start.</summary>
    /// <returns>Acknowledged octets left for congestion avoidance, once ssthresh is reached.</returns>
    public int Grow(in AckSample ack)
    {
        int acked = ack.AckedOctets;
        bool isFirst = Ssthresh == int.MaxValue;
        if (isFirst && _hyStart.OnAck(ack))
        {
            Ssthresh = Cwnd;
            return acked;
        }
        int growth = Math.Min(acked, MaxSegmentsForAck * Math.Max(Smss, ack.LargestSegment));
        if (isFirst)
            growth = _hyStart.Growth(growth);
        growth = Math.Min(growth, Ssthresh - Cwnd);
        Cwnd += growth;
        return IsActive || isFirst ? 0 : Math.Max(0, acked - growth);
    }

    /// <summary>
    /// RFC 5681 §4.1: after an idle time of an RTO the window is no more than the restart window. As Linux does
    /// (tcp_cwnd_restart), it halves once for each RTO rather than falling at once.
    /// </summary>
    public void Restart(TimeSpan idle, TimeSpan rto)
    {
        int restartWindow = Math.Min(InitialWindow.Octets(Smss), Cwnd);
        if (idle <= rto)
            return;
        // What the window had proved, so that slow start leads back to it quickly.
        if (Ssthresh != int.MaxValue)
            Ssthresh = Math.Max(Ssthresh, (Cwnd >> 1) + (Cwnd >> 2));
        for (; idle > rto && Cwnd > restartWindow; idle -= rto)
            Cwnd >>= 1;
        Cwnd = Math.Max(Cwnd, restartWindow);
    }
}
