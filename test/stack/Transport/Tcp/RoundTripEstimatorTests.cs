using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class RoundTripEstimatorTests
{
    private static readonly Instant Start = new(0);

    [Test]
    public void The_timer_begins_with_one_second() =>
        Assert.That(new RoundTripEstimator().Rto, Is.EqualTo(Ms(1000)));

    [Test]
    public void The_first_sample_sets_the_mean_and_half_of_it_the_variance()
    {
        RoundTripEstimator estimator = new();
        estimator.OnSample(Ms(400), Start);
        Assert.That(estimator.Srtt, Is.EqualTo(Ms(400)));
        Assert.That(estimator.RttVar, Is.EqualTo(Ms(200)));
        Assert.That(estimator.Rto, Is.EqualTo(Ms(1200))); // RFC 6298 (2.2)
    }

    [Test]
    public void Later_samples_move_the_mean_by_an_eighth_and_the_variance_by_a_quarter()
    {
        RoundTripEstimator estimator = new();
        estimator.OnSample(Ms(400), Start);
        estimator.OnSample(Ms(480), Start);
        Assert.That(estimator.RttVar, Is.EqualTo(Ms(170)));
        Assert.That(estimator.Srtt, Is.EqualTo(Ms(410)));
        Assert.That(estimator.Rto, Is.EqualTo(Ms(1090)));
    }

    [Test]
    public void On_a_fast_network_the_variance_term_is_200_ms_as_in_Linux()
    {
        RoundTripEstimator estimator = new();
        estimator.OnSample(Ms(1), Start);
        Assert.That(estimator.Rto, Is.EqualTo(Ms(201)));
    }

    [Test]
    public void Each_timeout_doubles_up_to_120_s_and_new_data_acknowledged_ends_it()
    {
        RoundTripEstimator estimator = new();
        estimator.Backoff();
        estimator.Backoff();
        Assert.That(estimator.Rto, Is.EqualTo(Ms(4000)));
        for (int count = 0; count < 60; count++)
            estimator.Backoff();
        Assert.That(estimator.Rto, Is.EqualTo(RoundTripEstimator.MaxRto));
        estimator.ResetBackoff();
        Assert.That(estimator.Rto, Is.EqualTo(Ms(1000)));
    }

    [Test]
    public void A_segment_sent_twice_gives_no_sample()
    {
        RoundTripEstimator estimator = new();
        estimator.StartTiming(new(100), Start);
        estimator.CancelTiming();
        Assert.That(estimator.TryTakeSample(new(100), Start + Ms(50), 1), Is.False);
        Assert.That(estimator.Srtt, Is.Null);
    }

    [Test]
    public void The_ACK_of_the_timed_segment_gives_the_sample()
    {
        RoundTripEstimator estimator = new();
        estimator.StartTiming(new(100), Start);
        estimator.StartTiming(new(200), Start + Ms(10)); // one at a time
        Assert.That(estimator.TryTakeSample(new(99), Start + Ms(40)), Is.False);
        Assert.That(estimator.TryTakeSample(new(150), Start + Ms(50)));
        Assert.That(estimator.LatestRtt, Is.EqualTo(Ms(50)));
    }

    [Test]
    public void Data_after_a_lost_SYN_waits_three_seconds()
    {
        RoundTripEstimator estimator = new();
        estimator.Backoff();
        estimator.OnEstablishedAfterLostSyn();
        Assert.That(estimator.Rto, Is.EqualTo(Ms(3000))); // RFC 6298 (5.7)
    }

    [Test]
    public void The_minimum_forgets_what_is_older_than_its_window()
    {
        RoundTripEstimator estimator = new();
        estimator.OnSample(Ms(10), Start);
        Instant now = Start;
        for (int second = 1; second <= 310; second++)
        {
            now = Start + TimeSpan.FromSeconds(second);
            estimator.OnSample(Ms(30), now);
            if (second == 290)
                Assert.That(estimator.MinRtt, Is.EqualTo(Ms(10)));
        }
        Assert.That(estimator.MinRtt, Is.EqualTo(Ms(30)));
    }

    private static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
