using Pyco.Stack;

namespace Pyco.Vde.Tests.Impairment;

/// <summary>When frames arrive: delay, jitter, and reordering.</summary>
public sealed class LinkDelayTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    [Test]
    public void A_link_without_conditions_passes_a_frame_at_once()
    {
        using TestLink link = TestLink.Of("none");
        link.Send(1);
        Assert.That(link.Link.NextDue, Is.EqualTo(link.Now));
        link.Run(TimeSpan.Zero);
        Assert.That(link.Numbers, Is.EqualTo([1]));
        Assert.That(link.Link.NextDue, Is.Null);
    }

    [Test]
    public void A_frame_arrives_exactly_after_the_delay()
    {
        using TestLink link = TestLink.Of("delay=20ms");
        Instant start = link.Now;
        link.SendAll(100, Millisecond);
        link.Drain();
        Assert.That(
            link.Received.Select(arrival => arrival.At - start),
            Is.EqualTo(Enumerable.Range(0, 100).Select(number => TimeSpan.FromMilliseconds(20 + number))));
    }

    [Test]
    public void A_frame_does_not_come_a_tick_early()
    {
        using TestLink link = TestLink.Of("delay=20ms");
        link.Send(1);
        link.Run(TimeSpan.FromMilliseconds(20) - TimeSpan.FromTicks(1));
        Assert.That(link.Received, Is.Empty);
        link.Run(TimeSpan.FromTicks(1));
        Assert.That(link.Numbers, Is.EqualTo([1]));
    }

    [Test]
    public void Frames_of_one_moment_keep_their_order()
    {
        using TestLink link = TestLink.Of("delay=20ms");
        link.SendAll(1000, TimeSpan.Zero);
        link.Drain();
        Assert.That(link.Numbers, Is.EqualTo(Enumerable.Range(0, 1000)));
    }

    [Test]
    public void Jitter_spreads_evenly_around_the_delay()
    {
        const int Frames = 20_000;
        using TestLink link = TestLink.Of("delay=20ms,jitter=5ms");
        TimeSpan interval = TimeSpan.FromMilliseconds(11); // so that no frame waits for the one before
        Instant start = link.Now;
        link.SendAll(Frames, interval);
        link.Drain();
        double[] delays =
            [.. link.Received.Select((arrival, index) => (arrival.At - start - (interval * index)).TotalMilliseconds)];
        Assert.That(delays, Is.All.InRange(15, 25));
        // Even between -5 and 5: the standard deviation is 10/sqrt(12), that of the mean is smaller by sqrt(n).
        Assert.That(delays.Average(), Is.EqualTo(20).Within(5 * 10 / Math.Sqrt(12) / Math.Sqrt(Frames)));
        for (int band = 15; band < 25; band++)
        {
            int count = delays.Count(delay => delay >= band && delay < band + 1);
            Assert.That(count, Binomial.Likely(Frames, 0.1), $"from {band} ms");
        }
    }

    [Test]
    public void Jitter_keeps_the_order()
    {
        using TestLink link = TestLink.Of("delay=20ms,jitter=20ms");
        link.SendAll(1000, TimeSpan.FromMicroseconds(100));
        link.Drain();
        Assert.That(link.Numbers, Is.EqualTo(Enumerable.Range(0, 1000)));
        Assert.That(link.Link.Counters.Reordered, Is.Zero);
    }

    [Test]
    public void A_reordered_frame_skips_the_delay()
    {
        const int Frames = 10_000;
        using TestLink link = TestLink.Of("delay=20ms,reorder=5%");
        Instant start = link.Now;
        link.SendAll(Frames, Millisecond);
        link.Drain();
        Assert.That(link.Numbers, Is.EquivalentTo(Enumerable.Range(0, Frames)));
        int[] delays = [.. link.Received.Select(arrival => (int)(arrival.At - start).TotalMilliseconds - arrival.Number)];
        Assert.That(delays, Is.All.AnyOf(0, 20));
        Assert.That(delays.Count(delay => delay == 0), Is.EqualTo(link.Link.Counters.Reordered));
        Assert.That(link.Link.Counters.Reordered, Binomial.Likely(Frames, 0.05));
        Assert.That(link.Received.Where((_, index) => delays[index] == 20).Select(arrival => arrival.Number), Is.Ordered);
    }
}
