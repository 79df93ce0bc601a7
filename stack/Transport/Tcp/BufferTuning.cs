namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// Dynamic right-sizing of the receive buffer (Linux tcp_rcv_space_adjust): if the user takes more than half of the
/// buffer within a round trip, the window is what limits the peer, and doubles.
/// </summary>
internal sealed class BufferTuning(int initialOctets, int maxOctets)
{
    private Instant _since;
    private int _consumed;

    public int LimitOctets { get; private set; } = initialOctets;

    public void OnConsumed(int octets, TimeSpan? rtt, Instant now)
    {
        _consumed = Math.Min(_consumed + octets, maxOctets);
        if (rtt is { } roundTrip && now - _since < roundTrip)
            return;
        if (_consumed > LimitOctets / 2)
            LimitOctets = Math.Min(2 * LimitOctets, maxOctets);
        _since = now;
        _consumed = 0;
    }
}
