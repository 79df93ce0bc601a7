namespace Pyco.Stack.Transport.Tcp.CongestionControl;

/// <summary>
/// CUBIC (RFC 9438): after a loss the window returns to where it was along a cubic function of time, flat around that
/// point, and then probes beyond it; never slower than NewReno would be. The formulas are in segments, as in the RFC.
/// </summary>
internal sealed class Cubic(int smss) : ICongestionControl
{
    private const double Beta = 0.7; // §4.6
    private const double C = 0.4; // §5.1, in segments per second cubed
    private const double Alpha = 3 * (1 - Beta) / (1 + Beta); // §4.3

    private readonly SlowStart _window = new(smss);
    private State _state;
    private State _priorState;
    private int _priorCwnd;
    private int _priorSsthresh;

    public string Name => "cubic";

    public int Cwnd => _window.Cwnd;

    public int Ssthresh => _window.Ssthresh;

    public bool IsInSlowStart => _window.IsActive;

    private double CwndSegments => (double)_window.Cwnd / _window.Smss;

    public void OnLostSyn() => _window.Cwnd = _window.Smss;

    public void OnAck(in AckSample ack)
    {
        if (!ack.IsCwndLimited)
        {
            // §5.8: time in which the program had nothing to send does not count.
            if (_state.EpochStart is { } start)
                _state.EpochStart = start + (ack.Now - _state.LastUpdate);
            _state.LastUpdate = ack.Now;
            return;
        }
        int acked = _window.IsActive ? _window.Grow(ack) : ack.AckedOctets;
        if (!_window.IsActive && acked > 0)
            AvoidCongestion(ack, (double)acked / _window.Smss);
        _state.LastUpdate = ack.Now;
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
        _state.WMax = 0; // §4.8: the next congestion avoidance starts with K = 0
        _window.Cwnd = _window.Smss;
    }

    public void OnSpurious(Instant now)
    {
        // §4.9.1 and §4.9.2: all variables as before, and the time in between does not count.
        _state = _priorState;
        if (_state.EpochStart is { } start)
            _state.EpochStart = start + (now - _state.LastUpdate);
        _state.LastUpdate = now;
        _window.Cwnd = Math.Max(_window.Cwnd, _priorCwnd);
        _window.Ssthresh = Math.Max(_window.Ssthresh, _priorSsthresh);
    }

    public void OnIdle(TimeSpan idle, TimeSpan rto)
    {
        // §4.2: the curve does not run on while nothing is sent.
        if (_state.EpochStart is { } start)
            _state.EpochStart = start + idle;
        _window.Restart(idle, rto);
    }

    public void SetSegmentSize(int smss)
    {
        double scale = (double)_window.Smss / smss;
        _window.Smss = smss;
        _state.WMax *= scale;
        _state.WEst *= scale;
        _state.CwndPrior *= scale;
    }

    private void Save()
    {
        _priorState = _state;
        _priorCwnd = _window.Cwnd;
        _priorSsthresh = _window.Ssthresh;
    }

    /// <summary>§4.6 and §4.7.</summary>
    private void Reduce(int flightOctets)
    {
        double cwnd = CwndSegments;
        // Fast convergence: a flow that has not come back to its last maximum leaves room for others.
        _state.WMax = cwnd < _state.WMax ? cwnd * (1 + Beta) / 2 : cwnd;
        _state.CwndPrior = cwnd;
        _state.EpochStart = null;
        _window.Ssthresh = Math.Max((int)(flightOctets * Beta), 2 * _window.Smss);
    }

    private void AvoidCongestion(in AckSample ack, double ackedSegments)
    {
        double cwnd = CwndSegments + _state.Remainder;
        if (_state.EpochStart is null)
            BeginEpoch(ack.Now, cwnd);
        double elapsed = (ack.Now - _state.EpochStart!.Value).TotalSeconds;

        // §4.3: what NewReno would have by now; once past the old maximum it grows as fast as NewReno itself.
        double alpha = _state.WEst < _state.CwndPrior ? Alpha : 1;
        _state.WEst += alpha * ackedSegments / cwnd;

        if (WCubic(elapsed) < _state.WEst)
        {
            cwnd = Math.Max(cwnd, _state.WEst);
        }
        else
        {
            // §4.4, §4.5: go to where the curve will be in a round trip, by at most half of the window.
            double rtt = (ack.Srtt ?? ack.Rtt ?? TimeSpan.Zero).TotalSeconds;
            double target = Math.Clamp(WCubic(elapsed + rtt), cwnd, 1.5 * cwnd);
            cwnd += (target - cwnd) / cwnd * ackedSegments;
        }
        // Whole octets go into the window, the rest waits.
        double octets = Math.Min(cwnd * _window.Smss, int.MaxValue / 2);
        _window.Cwnd = (int)octets;
        _state.Remainder = (octets - (int)octets) / _window.Smss;
    }

    private void BeginEpoch(Instant now, double cwnd)
    {
        _state.EpochStart = now;
        _state.WEst = cwnd;
        _state.Remainder = 0;
        if (_state.WMax <= cwnd)
        {
            _state.WMax = cwnd;
            _state.K = 0;
        }
        else
        {
            _state.K = Math.Cbrt((_state.WMax - cwnd) / C); // equation (2)
        }
    }

    /// <summary>Equation (1), with the time since the epoch began in seconds.</summary>
    private double WCubic(double elapsed)
    {
        double distance = elapsed - _state.K;
        return (C * distance * distance * distance) + _state.WMax;
    }

    /// <summary>§4.1's variables of state, in segments and seconds.</summary>
    private struct State
    {
        public double WMax;
        public double WEst;
        public double CwndPrior;
        public double K;
        public double Remainder;
        public Instant? EpochStart;
        public Instant LastUpdate;
    }
}
