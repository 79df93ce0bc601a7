namespace Pyco.Stack.Transport.Tcp.CongestionControl;

/// <summary>Additive increase, multiplicative decrease (RFC 5681 §3.1, RFC 6582), in octets (RFC 3465).</summary>
internal sealed class NewReno(int smss) : ICongestionControl
{
    private readonly SlowStart _window = new(smss);

    // Acknowledged octets that have not yet earned a segment (RFC 3465 §2.1, bytes_acked).
    private int _bytesAcked;
    private int _priorCwnd;
    private int _priorSsthresh;

    public string Name => "reno";

    public int Cwnd => _window.Cwnd;

    public int Ssthresh => _window.Ssthresh;

    public bool IsInSlowStart => _window.IsActive;

    public void OnLostSyn() => _window.Cwnd = _window.Smss;

    public void OnAck(in AckSample ack)
    {
        if (!ack.IsCwndLimited)
            return;
        int acked = _window.IsActive ? _window.Grow(ack) : ack.AckedOctets;
        _bytesAcked += acked;
        if (_bytesAcked < _window.Cwnd)
            return;
        _bytesAcked -= _window.Cwnd;
        _window.Cwnd += _window.Smss;
    }

    public void OnLoss(int flightOctets, Instant now)
    {
        Save();
        Reduce(flightOctets);
        _window.Cwnd = _window.Ssthresh;
    }

    public void OnCongestionMark(int flightOctets, Instant now) => OnLoss(flightOctets, now);

    public void OnRecovered(Instant now) => _window.Cwnd = _window.Ssthresh;

    public void OnTimeout(int flightOctets, Instant now)
    {
        Save();
        Reduce(flightOctets);
        _window.Cwnd = _window.Smss; // RFC 5681 §3.1: the loss window
    }

    public void OnSpurious(Instant now)
    {
        _window.Cwnd = Math.Max(_window.Cwnd, _priorCwnd);
        _window.Ssthresh = Math.Max(_window.Ssthresh, _priorSsthresh);
    }

    public void OnIdle(TimeSpan idle, TimeSpan rto) => _window.Restart(idle, rto);

    public void SetSegmentSize(int smss) => _window.Smss = smss;

    private void Save()
    {
        _priorCwnd = _window.Cwnd;
        _priorSsthresh = _window.Ssthresh;
    }

    private void Reduce(int flightOctets)
    {
        _window.Ssthresh = Math.Max(flightOctets / 2, 2 * _window.Smss); // RFC 5681 equation (4)
        _bytesAcked = 0;
    }
}
