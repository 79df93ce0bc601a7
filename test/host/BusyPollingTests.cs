using Pyco.Host.Loop;
using Pyco.Stack;

namespace Pyco.Host.Tests;

internal sealed class BusyPollingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMicroseconds(50);
    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(1);

    private static bool HasProcessors => Environment.ProcessorCount > 1;

    [Test]
    public void At_first_it_does_not_look_on() => Assert.That(new BusyPolling(Limit).IsWorthwhile(default), Is.False);

    [Test]
    public void A_short_sleep_shows_that_looking_would_have_paid_and_a_long_one_shows_nothing()
    {
        BusyPolling polling = new(Limit);
        polling.NoteSleep(Long, hasLooked: false, default);
        Assert.That(polling.IsWorthwhile(default), Is.False);
        polling.NoteSleep(Limit / 2, hasLooked: false, default);
        Assert.That(polling.IsWorthwhile(default), Is.EqualTo(HasProcessors));
    }

    [Test]
    public void Three_looks_in_vain_end_it_and_one_that_pays_begins_the_count_again()
    {
        BusyPolling polling = new(Limit);
        polling.NoteSleep(TimeSpan.Zero, hasLooked: false, default);
        polling.NoteLook(false);
        polling.NoteLook(false);
        polling.NoteLook(true);
        polling.NoteLook(false);
        polling.NoteLook(false);
        Assert.That(polling.IsWorthwhile(default), Is.True);
        polling.NoteLook(false);
        Assert.That(polling.IsWorthwhile(default), Is.False);
    }

    [Test]
    public void Looks_that_were_in_the_way_end_it_for_a_time()
    {
        BusyPolling polling = new(Limit);
        Instant now = default;
        Obstruct(polling, 3, now);
        polling.NoteSleep(Limit / 2, hasLooked: false, now); // which would begin it again

        Assert.That(polling.IsWorthwhile(now), Is.False);
        Assert.That(polling.IsWorthwhile(now + TimeSpan.FromMilliseconds(99)), Is.False);
        Assert.That(polling.IsWorthwhile(now + TimeSpan.FromMilliseconds(100)), Is.EqualTo(HasProcessors));
    }

    [Test]
    public void A_look_that_pays_and_an_event_that_was_late_anyway_show_that_nothing_is_in_the_way([Values] bool hasPaid)
    {
        BusyPolling polling = new(Limit);
        Obstruct(polling, 2, default);
        if (hasPaid)
            polling.NoteLook(true);
        else
            polling.NoteSleep(Long, hasLooked: true, default);
        Obstruct(polling, 2, default);
        polling.NoteSleep(Limit / 2, hasLooked: false, default);
        Assert.That(polling.IsWorthwhile(default), Is.EqualTo(HasProcessors));
    }

    private static void Obstruct(BusyPolling polling, int times, Instant now)
    {
        for (int count = 0; count < times; count++)
        {
            polling.NoteLook(false);
            polling.NoteSleep(Limit / 2, hasLooked: true, now);
        }
    }
}
