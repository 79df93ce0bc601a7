using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Transport.Tcp.CongestionControl;

namespace Pyco.Stack.Tests.Transport.Tcp.CongestionControl;

public class CongestionControlTests
{
    private const int Smss = 1000;
    private static readonly TimeSpan Rtt = TimeSpan.FromMilliseconds(100);

    [TestCase(1460, 14600)]
    [TestCase(1000, 10000)]
    [TestCase(9000, 18000)]
    public void The_initial_window_is_ten_segments_within_RFC_6928(int smss, int octets) =>
        Assert.That(InitialWindow.Octets(smss), Is.EqualTo(octets));

    [Test]
    public void Slow_start_adds_what_is_acknowledged([Values] bool cubic)
    {
        ICongestionControl control = Make(cubic);
        control.OnAck(Ack(0, 2000));
        Assert.That(control.Cwnd, Is.EqualTo(12_000));
        Assert.That(control.IsInSlowStart);
    }

    [Test]
    public void A_window_that_was_not_full_does_not_grow([Values] bool cubic)
    {
        ICongestionControl control = Make(cubic);
        control.OnAck(Ack(0, 2000) with { IsCwndLimited = false });
        Assert.That(control.Cwnd, Is.EqualTo(10_000));
    }

    [TestCase(false, 5000)] // RFC 5681 equation (4)
    [TestCase(true, 7000)] // RFC 9438 §4.6
    public void A_loss_cuts_the_window_once(bool cubic, int expected)
    {
        ICongestionControl control = Make(cubic);
        control.OnLoss(10_000, At(0));
        control.OnRecovered(At(100));
        Assert.That((control.Cwnd, control.Ssthresh), Is.EqualTo((expected, expected)));
    }

    [TestCase(false, 5000)]
    [TestCase(true, 7000)]
    public void A_timeout_leaves_one_segment(bool cubic, int ssthresh)
    {
        ICongestionControl control = Make(cubic);
        control.OnTimeout(10_000, At(0));
        Assert.That((control.Cwnd, control.Ssthresh), Is.EqualTo((Smss, ssthresh)));
        Assert.That(control.IsInSlowStart);
    }

    [Test]
    public void A_spurious_timeout_gives_everything_back([Values] bool cubic)
    {
        ICongestionControl control = Make(cubic);
        control.OnTimeout(10_000, At(0));
        control.OnSpurious(At(50));
        Assert.That((control.Cwnd, control.Ssthresh), Is.EqualTo((10_000, int.MaxValue)));
    }

    [Test]
    public void NewReno_adds_one_segment_for_each_window()
    {
        ICongestionControl control = Make(cubic: false);
        control.OnLoss(20_000, At(0)); // ssthresh 10,000
        control.OnRecovered(At(0));
        for (int ack = 0; ack < 9; ack++)
            control.OnAck(Ack(100, 1000));
        Assert.That(control.Cwnd, Is.EqualTo(10_000));
        control.OnAck(Ack(100, 1000));
        Assert.That(control.Cwnd, Is.EqualTo(11_000));
    }

    [Test]
    public void Cubic_is_back_at_the_old_maximum_after_K_seconds_and_flat_there()
    {
        // W_max is 100 segments, after the loss 70: K = cbrt(30 / 0.4) = 4.2 s (RFC 9438 equation (2)).
        ICongestionControl control = Make(cubic: true);
        for (int ack = 0; ack < 90; ack++)
            control.OnAck(Ack(0, 1000));
        control.OnLoss(100_000, At(0));
        control.OnRecovered(At(0));
        Assert.That(control.Cwnd, Is.EqualTo(70_000));
        int window = RunCubic(control, fromMs: 0, toMs: 2100);
        Assert.That(window, Is.InRange(93_000, 98_000), "half of the time, seven eighths of the way");
        window = RunCubic(control, fromMs: 2200, toMs: 4200);
        Assert.That(window, Is.InRange(99_000, 104_000));
        window = RunCubic(control, fromMs: 4300, toMs: 10_000);
        Assert.That(window, Is.GreaterThan(150_000), "beyond the maximum it probes ever faster");
    }

    [Test]
    public void Cubic_lowers_its_maximum_when_it_did_not_reach_the_last_one()
    {
        ICongestionControl slower = Make(cubic: true);
        slower.OnLoss(10_000, At(0)); // maximum 10, window 7
        slower.OnRecovered(At(0));
        slower.OnLoss(7_000, At(0)); // fast convergence: maximum 7 * 0.85 = 5.95, window 4.9
        slower.OnRecovered(At(0));
        Assert.That(slower.Cwnd, Is.EqualTo(4900));
        slower.OnAck(Ack(0, 4900));
        Assert.That(slower.Cwnd, Is.LessThan(6000));
    }

    [Test]
    public void HyStart_slows_down_when_round_trips_grow_and_ends_slow_start_after_five_rounds()
    {
        ICongestionControl control = Make(cubic: true);
        uint sent = 0;
        int round = 0;
        for (; round < 20 && control.IsInSlowStart; round++)
        {
            TimeSpan rtt = round < 2 ? Rtt : Rtt + TimeSpan.FromMilliseconds(30);
            uint end = sent + 1_000_000;
            for (int ack = 1; ack <= 10; ack++)
            {
                SequenceNumber acked = new(sent + (uint)(ack * 100_000));
                control.OnAck(new(At(round * 100), 100, acked, acked + 1_000_000)
                {
                    Rtt = rtt,
                    IsCwndLimited = true,
                });
            }
            sent = end;
        }
        Assert.That(control.IsInSlowStart, Is.False);
        // Full growth in rounds 0 to 2, then a quarter of it for five rounds.
        Assert.That(round, Is.EqualTo(8));
        Assert.That(control.Ssthresh, Is.InRange(13_500, 14_300));
    }

    [Test]
    public void An_idle_time_halves_the_window_for_each_RTO_down_to_the_initial_one([Values] bool cubic)
    {
        ICongestionControl control = Make(cubic);
        for (int ack = 0; ack < 70; ack++)
            control.OnAck(Ack(0, 1000));
        Assert.That(control.Cwnd, Is.EqualTo(80_000));
        control.OnIdle(TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(200));
        Assert.That(control.Cwnd, Is.EqualTo(40_000));
        control.OnIdle(TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(200));
        Assert.That(control.Cwnd, Is.EqualTo(10_000));
    }

    [Test]
    public void Rate_reduction_sends_in_proportion_and_ends_at_ssthresh()
    {
        // 20 segments in flight, one lost, ssthresh 10: RFC 6937 §4 sends one for every two that arrive.
        ProportionalRateReduction reduction = default;
        reduction.Begin(20_000, 10_000, Smss);
        int pipe = 19_000, sent = 0;
        for (int arrived = 0; arrived < 19; arrived++)
        {
            pipe -= Smss;
            int octets = reduction.OnAck(Smss, pipe, advancesUna: false) / Smss * Smss;
            reduction.OnSent(octets);
            pipe += octets;
            sent += octets;
        }
        Assert.That(pipe, Is.EqualTo(10_000));
        Assert.That(sent, Is.EqualTo(10_000));
    }

    private static int RunCubic(ICongestionControl control, int fromMs, int toMs)
    {
        for (int ms = fromMs; ms <= toMs; ms += 100)
        {
            int window = control.Cwnd; // a whole window is acknowledged in each round trip of 100 ms
            for (int acked = 0; acked < window; acked += Smss)
                control.OnAck(Ack(ms, Smss));
        }
        return control.Cwnd;
    }

    private static ICongestionControl Make(bool cubic) => cubic ? new Cubic(Smss) : new NewReno(Smss);

    private static Instant At(int ms) => new(ms * TimeSpan.TicksPerMillisecond);

    private static AckSample Ack(int ms, int octets) =>
        new(At(ms), octets, new(0), new(1)) { Rtt = Rtt, Srtt = Rtt, IsCwndLimited = true };
}
