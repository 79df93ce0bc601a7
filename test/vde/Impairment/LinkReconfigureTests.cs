using CsCheck;
using Pyco.Stack;
using Pyco.Vde.Impairment;

namespace Pyco.Vde.Tests.Impairment;

/// <summary>A link that changes under the frames that it holds.</summary>
public sealed class LinkReconfigureTests
{
    [Test]
    public void Frames_on_their_way_stay_when_the_delay_grows()
    {
        using TestLink link = TestLink.Of("delay=20ms");
        Instant start = link.Now;
        link.Send(1);
        Change(link, "delay=50ms");
        link.Send(2);
        link.Drain();
        Assert.That(
            link.Received.Select(arrival => (arrival.Number, (arrival.At - start).TotalMilliseconds)),
            Is.EqualTo(new[] { (1, 20.0), (2, 50.0) }));
    }

    [Test]
    public void Frames_on_their_way_come_sooner_when_the_delay_shrinks()
    {
        using TestLink link = TestLink.Of("delay=60s");
        Instant start = link.Now;
        link.Send(1);
        link.Run(TimeSpan.FromMilliseconds(5));
        link.Send(2);
        Change(link, "delay=10ms");
        link.Send(3);
        link.Drain();
        Assert.That(link.Numbers, Is.EqualTo([1, 2, 3]));
        Assert.That(link.Received[^1].At - start, Is.EqualTo(TimeSpan.FromMilliseconds(15)));
    }

    [Test]
    public void None_lets_all_arrive_at_once_and_in_order()
    {
        using TestLink link = TestLink.Of("delay=60s,rate=1kbit");
        link.SendAll(20, TimeSpan.FromSeconds(3));
        Assert.That(link.Received, Is.Empty);
        Change(link, "none");
        link.Send(20);
        link.Run(TimeSpan.Zero);
        Assert.That(link.Numbers, Is.EqualTo(Enumerable.Range(0, 21)));
    }

    [Test]
    public void A_new_rate_counts_from_the_middle_of_a_frame()
    {
        using TestLink link = TestLink.Of("rate=1mbit");
        Instant start = link.Now;
        link.SendAll(3, TimeSpan.Zero);
        link.Run(TimeSpan.FromMilliseconds(4)); // half of the first frame's 8 ms
        Change(link, "rate=2mbit");
        link.Drain();
        Assert.That(link.Received.Select(arrival => (arrival.At - start).TotalMilliseconds), Is.EqualTo([6.0, 10, 14]));
    }

    [Test]
    public void Another_loss_does_not_disturb_the_rate()
    {
        using TestLink link = new(new LinkConditions { Rate = 7_777_777 });
        Instant start = link.Now;
        link.SendAll(40, TimeSpan.Zero, length: 999);
        for (int count = 0; count < 40; count++)
        {
            link.Run(TimeSpan.FromMilliseconds(1));
            link.Link.Reconfigure(link.Link.Conditions with { LossPercent = count }, link.Now);
        }
        link.Drain();
        Assert.That((link.Received[^1].At - start).Ticks, Is.EqualTo(40L * 999 * 8 * TimeSpan.TicksPerSecond / 7_777_777));
    }

    [Test]
    public void A_smaller_queue_keeps_what_waits()
    {
        using TestLink link = TestLink.Of("rate=1mbit,queue=10");
        link.SendAll(10, TimeSpan.Zero);
        Change(link, "rate=1mbit,queue=2");
        link.Send(10);
        link.Drain();
        Assert.That(link.Numbers, Is.EqualTo(Enumerable.Range(0, 10)));
        Assert.That(link.Link.Counters.QueueFull, Is.EqualTo(1));
    }

    [Test]
    public void A_new_seed_begins_the_decisions_anew()
    {
        using TestLink link = TestLink.Of("loss=30%");
        link.SendAll(100, TimeSpan.Zero);
        int[] first = [.. link.Numbers];
        link.Received.Clear();
        Entropy again = new LinkSpecification { Seed = TestLink.Seed }.Chance(LinkDirection.Up);
        link.Link.Reconfigure(link.Link.Conditions, link.Now, again);
        link.SendAll(100, TimeSpan.Zero);
        Assert.That(link.Numbers, Is.EqualTo(first));
    }

    [Test]
    public void Conditions_that_exclude_each_other_are_refused_and_change_nothing()
    {
        using TestLink link = TestLink.Of("delay=20ms");
        LinkConditions impossible = new() { Jitter = TimeSpan.FromMilliseconds(1) };
        Assert.That(() => link.Link.Reconfigure(impossible, link.Now), Throws.ArgumentException);
        Assert.That(link.Link.Conditions.Delay, Is.EqualTo(TimeSpan.FromMilliseconds(20)));
    }

    [Test]
    public void Whatever_changes_no_frame_is_lost_to_the_accounts_and_none_overtakes_without_reordering()
    {
        string[] texts =
        [
            "none", "delay=20ms", "delay=3ms,jitter=3ms", "rate=1mbit", "rate=100mbit,delay=1ms", "rate=50kbit,queue=5",
            "duplicate=30%,loss=20%", "mtu=500", "delay=100ms,jitter=50ms,rate=3mbit,duplicate=10%",
        ];
        var step = Gen.Select(Gen.Int[0, texts.Length - 1], Gen.Int[0, 20], Gen.Int[20, 1500], Gen.Int[0, 30_000]);
        step.Array[1, 40].Sample(steps =>
        {
            using TestLink link = TestLink.Of("none");
            int number = 0;
            foreach ((int text, int frames, int length, int microseconds) in steps)
            {
                Change(link, texts[text]);
                for (int count = 0; count < frames; count++)
                    link.Send(number++, length);
                link.Run(TimeSpan.FromMicroseconds(microseconds));
            }
            Assert.That(link.Numbers, Is.Ordered);
            if (steps.Length % 2 == 0)
                link.Drain(); // otherwise TestLink disposes a link that holds frames
        });
    }

    private static void Change(TestLink link, string text) => link.Link.Reconfigure(TestLink.Conditions(text), link.Now);
}
