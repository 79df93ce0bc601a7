using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde.Impairment;

namespace Pyco.Vde.Tests.Impairment;

/// <summary>How fast frames are sent, how many wait, and how long they may be.</summary>
public sealed class LinkRateTests
{
    private const int BitsPerOctet = 8;

    [Test]
    public void Frames_take_exactly_their_bits_over_the_rate()
    {
        // Sending takes 1,000 octets * 8 / 1 Mbit/s = 8 ms each, and then the delay passes.
        using TestLink link = TestLink.Of("rate=1mbit,delay=20ms");
        Instant start = link.Now;
        link.SendAll(50, TimeSpan.Zero);
        link.Drain();
        Assert.That(
            link.Received.Select(arrival => (arrival.At - start).TotalMilliseconds),
            Is.EqualTo(Enumerable.Range(1, 50).Select(count => 20.0 + (8 * count))));
    }

    [TestCase(3L, 60, 4)]
    [TestCase(7_777_777L, 1499, 2000)]
    [TestCase(999_999_999_999L, 61, 20_000)]
    public void Parts_of_a_tick_do_not_add_up(long rate, int length, int frames)
    {
        using TestLink link = new(new LinkConditions { Rate = rate, Queue = QueueLimit.OfFrames(frames) });
        Instant start = link.Now;
        link.SendAll(frames, TimeSpan.Zero, length);
        link.Drain();
        Assert.That(link.Received, Has.Count.EqualTo(frames));
        long ticks = (link.Received[^1].At - start).Ticks;
        Int128 bits = (Int128)frames * length * BitsPerOctet;
        Assert.That(ticks, Is.EqualTo((long)(bits * TimeSpan.TicksPerSecond / rate)));
    }

    [Test]
    public void Overhead_counts_for_the_rate_and_for_nothing_else()
    {
        using TestLink link = TestLink.Of("rate=1mbit,overhead=24,queue=2kbyte");
        Instant start = link.Now;
        link.SendAll(2, TimeSpan.Zero);
        link.Drain();
        Assert.That(link.Received[^1].At - start, Is.EqualTo(TimeSpan.FromMicroseconds(2 * 1024 * BitsPerOctet)));
        Assert.That(link.Received[^1].Octets, Has.Length.EqualTo(1000));
    }

    [Test]
    public void A_sender_slower_than_the_rate_never_waits()
    {
        using TestLink link = TestLink.Of("rate=1mbit");
        Instant start = link.Now;
        link.SendAll(50, TimeSpan.FromMilliseconds(9));
        link.Drain();
        Assert.That(
            link.Received.Select(arrival => (arrival.At - start).TotalMilliseconds),
            Is.EqualTo(Enumerable.Range(0, 50).Select(number => 8.0 + (9 * number))));
    }

    [Test]
    public void A_full_queue_drops_the_newest_and_counts_them()
    {
        using TestLink link = TestLink.Of("rate=1mbit,queue=10");
        link.SendAll(25, TimeSpan.Zero);
        Assert.That(link.Link.Held, Is.EqualTo(10));
        link.Drain();
        Assert.That(link.Numbers, Is.EqualTo(Enumerable.Range(0, 10)));
        Assert.That(link.Link.Counters.QueueFull, Is.EqualTo(15));
    }

    [Test]
    public void A_queue_has_room_again_as_soon_as_a_frame_was_sent_though_it_is_still_on_its_way()
    {
        using TestLink link = TestLink.Of("rate=1mbit,delay=1s,queue=2");
        link.SendAll(10, TimeSpan.FromMilliseconds(8));
        Assert.That(link.Link.Counters.QueueFull, Is.Zero);
        Assert.That(link.Received, Is.Empty);
        link.Drain();
        Assert.That(link.Received, Has.Count.EqualTo(10));
    }

    [Test]
    public void A_queue_of_octets_drops_what_does_not_fit()
    {
        using TestLink link = TestLink.Of("rate=1mbit,queue=2500byte");
        link.Send(1, 1000);
        link.Send(2, 1000);
        link.Send(3, 1000);
        link.Send(4, 500);
        link.Drain();
        Assert.That(link.Numbers, Is.EqualTo([1, 2, 4]));
    }

    [Test]
    public void A_frame_larger_than_the_queue_passes_when_nothing_waits()
    {
        using TestLink link = TestLink.Of("rate=1mbit,queue=100byte");
        link.SendAll(2, TimeSpan.Zero);
        link.Drain();
        Assert.That(link.Numbers, Is.EqualTo([0]));
    }

    [TestCase("rate=1mbit", 65_536)]
    [TestCase("rate=10mbit", 125_000)]
    public void By_default_100_ms_of_the_rate_wait_and_at_least_64_KiB(string text, int octets)
    {
        using TestLink link = TestLink.Of(text);
        link.SendAll(200, TimeSpan.Zero);
        Assert.That(link.Link.Held, Is.EqualTo(octets / 1000));
    }

    [Test]
    public void A_copy_needs_its_own_place_in_the_queue_and_its_own_time()
    {
        using TestLink link = TestLink.Of("rate=1mbit,duplicate=100%,queue=3");
        Instant start = link.Now;
        link.SendAll(2, TimeSpan.Zero);
        link.Drain();
        Assert.That(link.Numbers, Is.EqualTo([0, 0, 1]));
        Assert.That(link.Received[^1].At - start, Is.EqualTo(TimeSpan.FromMilliseconds(24)));
        Assert.That(link.Link.Counters.QueueFull, Is.EqualTo(1));
    }

    [Test]
    public void A_reordered_frame_takes_its_time_to_be_sent()
    {
        using TestLink link = TestLink.Of("rate=1mbit,delay=20ms,reorder=100%");
        Instant start = link.Now;
        link.SendAll(3, TimeSpan.Zero);
        link.Drain();
        Assert.That(link.Received.Select(arrival => (arrival.At - start).TotalMilliseconds), Is.EqualTo([8.0, 16, 24]));
    }

    [Test]
    public void A_flood_into_a_long_delay_is_held_up_to_a_limit()
    {
        FramePool small = new(frameCapacity: 64);
        LinkConditions conditions = new() { Delay = TimeSpan.FromHours(1) };
        LinkImpairment link = new(conditions, new SplitMix64(1), small);
        for (int count = 0; count < LinkImpairment.MaximumHeld + 10; count++)
        {
            Frame frame = small.Rent(headroom: 0);
            frame.Append(60).Clear();
            link.Enqueue(frame, default);
        }
        Assert.That(link.Held, Is.EqualTo(LinkImpairment.MaximumHeld));
        Assert.That(small.Outstanding, Is.EqualTo(LinkImpairment.MaximumHeld));
        Assert.That(link.Counters.QueueFull, Is.EqualTo(10));
        link.Dispose();
        Assert.That(small.Outstanding, Is.Zero);
    }

    [TestCase(1414, 0x0800, ExpectedResult = true)]
    [TestCase(1415, 0x0800, ExpectedResult = false)]
    [TestCase(1415, 0x88b5, ExpectedResult = false)]
    [TestCase(1418, 0x8100, ExpectedResult = true, Description = "a VLAN tag is no content")]
    [TestCase(1422, 0x88a8, ExpectedResult = true, Description = "nor are two")]
    [TestCase(1423, 0x88a8, ExpectedResult = false)]
    public bool A_content_longer_than_the_MTU_is_dropped_and_counted(int length, int type)
    {
        using TestLink link = TestLink.Of("mtu=1400");
        Frame frame = link.NewFrame(1, length, (ushort)type);
        if (type == 0x88a8)
            (frame.Octets[16], frame.Octets[17]) = (0x81, 0x00); // the inner tag
        link.Send(frame);
        link.Run(TimeSpan.Zero);
        Assert.That(link.Link.Counters.TooLong + link.Link.Counters.Passed, Is.EqualTo(1));
        return link.Link.Counters.Passed == 1;
    }
}
