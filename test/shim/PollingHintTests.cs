namespace Pyco.Shim.Tests;

/// <summary>When a call looks for data before it sleeps: what begins it, what ends it.</summary>
internal sealed class PollingHintTests
{
    private const long Microsecond = 1_000;
    private const long Millisecond = 1_000_000;

    [TestCase(3, false, TestName = "A_call_that_did_not_wait_begins_no_looking")]
    [TestCase(4, true, TestName = "A_short_wait_begins_looking")]
    [TestCase(100, true, TestName = "A_wait_as_long_as_a_look_begins_looking")]
    [TestCase(101, false, TestName = "A_long_wait_begins_no_looking")]
    public void A_wait(long microseconds, bool looks) => Assert.That(
        PollingHints.AfterWait(PollingHint.Sleeps, microseconds * Microsecond),
        Is.EqualTo(looks ? PollingHint.Looks : PollingHint.Sleeps));

    [TestCase(PollingHint.Never)]
    [TestCase(PollingHint.LooksTwice)]
    public void A_short_wait_says_nothing_more_of_others(PollingHint hint) =>
        Assert.That(PollingHints.AfterWait(hint, 20 * Microsecond), Is.EqualTo(hint));

    [Test]
    public void One_look_in_vain_ends_what_has_not_paid_yet() =>
        Assert.That(PollingHints.AfterLook(PollingHint.Looks, hasPaid: false), Is.EqualTo(PollingHint.Sleeps));

    [Test]
    public void Looks_that_have_paid_make_up_for_as_many_in_vain_but_no_more_than_three()
    {
        PollingHint hint = PollingHint.Looks;
        for (int look = 0; look < 100; look++)
            hint = PollingHints.AfterLook(hint, hasPaid: true);
        for (int look = 0; look < 3; look++)
        {
            Assert.That(hint, Is.GreaterThanOrEqualTo(PollingHint.Looks));
            hint = PollingHints.AfterLook(hint, hasPaid: false);
        }

        Assert.That(hint, Is.EqualTo(PollingHint.Sleeps));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void What_another_thread_has_found_out_meanwhile_stays(bool hasPaid)
    {
        foreach (PollingHint hint in new[] { PollingHint.None, PollingHint.Never, PollingHint.Sleeps })
            Assert.That(PollingHints.AfterLook(hint, hasPaid), Is.EqualTo(hint));
    }

    [Test]
    public void A_look_that_gave_the_processor_away_for_long_ends_all_looking_for_a_time()
    {
        PollingPause pause = default;
        Assert.That(pause.IsOver(0), Is.True);
        pause.NoteLook(299 * Microsecond, hasPaid: true, now: Millisecond);
        Assert.That(pause.IsOver(Millisecond), Is.True);
        pause.NoteLook(300 * Microsecond, hasPaid: true, now: Millisecond);
        Assert.That(pause.IsOver(Millisecond), Is.False);
        Assert.That(pause.IsOver((51 * Millisecond) - 1), Is.False);
        Assert.That(pause.IsOver(51 * Millisecond), Is.True);
    }

    [Test]
    public void Pauses_grow_while_they_follow_each_other()
    {
        PollingPause pause = default;
        long now = 0;
        foreach (long expected in new[] { 50, 100, 200, 400, 800, 1600, 3200, 3200 })
        {
            pause.NoteLook(2 * Millisecond, hasPaid: false, now);
            now += expected * Millisecond;
            Assert.That(pause.IsOver(now - 1), Is.False);
            Assert.That(pause.IsOver(now), Is.True);
        }

        pause.NoteLook(10 * Microsecond, hasPaid: false, now);
        pause.NoteLook(2 * Millisecond, hasPaid: false, now);
        Assert.That(pause.IsOver(now + (3199 * Millisecond)), Is.False, "a look in vain is no good one");
        now += 3200 * Millisecond;
        pause.NoteLook(10 * Microsecond, hasPaid: true, now);
        pause.NoteLook(2 * Millisecond, hasPaid: true, now);
        Assert.That(pause.IsOver(now + (50 * Millisecond)), Is.True);
    }
}
