using Pyco.Host.Loop;

namespace Pyco.Host.Tests;

internal sealed class BusyPollingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMicroseconds(50);

    [Test]
    public void At_first_it_does_not_look_on() => Assert.That(new BusyPolling(Limit).IsWorthwhile, Is.False);

    [Test]
    public void A_short_sleep_shows_that_looking_would_have_paid_and_a_long_one_shows_nothing()
    {
        BusyPolling polling = new(Limit);
        polling.NoteSleep(TimeSpan.FromMilliseconds(1));
        Assert.That(polling.IsWorthwhile, Is.False);
        polling.NoteSleep(Limit / 2);
        Assert.That(polling.IsWorthwhile, Is.EqualTo(Environment.ProcessorCount > 1));
    }

    [Test]
    public void Three_looks_in_vain_end_it_and_one_that_pays_begins_the_count_again()
    {
        BusyPolling polling = new(Limit);
        polling.NoteSleep(TimeSpan.Zero);
        polling.NoteLook(false);
        polling.NoteLook(false);
        polling.NoteLook(true);
        polling.NoteLook(false);
        polling.NoteLook(false);
        Assert.That(polling.IsWorthwhile, Is.True);
        polling.NoteLook(false);
        Assert.That(polling.IsWorthwhile, Is.False);
    }
}
