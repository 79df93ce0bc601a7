using System.Numerics;
using Pyco.Stack.Wire;
using Pyco.Vde.Impairment;

namespace Pyco.Vde.Tests.Impairment;

/// <summary>What happens to frames by chance, and that a seed makes it happen again.</summary>
public sealed class LinkChanceTests
{
    private const int Frames = 20_000;
    private const string Everything = "delay=5ms,jitter=2ms,loss=10%,duplicate=10%,reorder=10%,corrupt=10%";

    [Test]
    public void Frames_are_lost_in_the_share_that_was_set([Values(0.1, 1, 25, 99)] double percent)
    {
        using TestLink link = new(new LinkConditions { LossPercent = percent });
        link.SendAll(Frames, TimeSpan.Zero);
        Assert.That(link.Link.Counters.Lost, Binomial.Likely(Frames, percent / 100));
        Assert.That(link.Received, Has.Count.EqualTo(Frames - link.Link.Counters.Lost));
        Assert.That(link.Numbers, Is.Ordered);
    }

    [Test]
    public void A_loss_of_100_percent_passes_nothing([Values("", ",burst=3")] string burst)
    {
        using TestLink link = TestLink.Of("loss=100%" + burst);
        link.SendAll(1000, TimeSpan.Zero);
        Assert.That(link.Received, Is.Empty);
        Assert.That(link.Link.Counters.Lost, Is.EqualTo(1000));
    }

    [Test]
    public void Bursts_have_their_mean_length_and_keep_the_share([Values(1, 4, 10)] int burst)
    {
        const int Many = 200_000;
        using TestLink link = new(new LinkConditions { LossPercent = 5, Burst = burst });
        link.SendAll(Many, TimeSpan.Zero, length: 60);
        int[] gaps =
            [.. link.Numbers.Zip(link.Numbers.Skip(1), (left, right) => right - left - 1).Where(lost => lost > 0)];
        Assert.That(gaps.Average(), Is.EqualTo(burst).Within(10).Percent);
        Assert.That((double)link.Link.Counters.Lost / Many, Is.EqualTo(0.05).Within(10).Percent);
    }

    [Test]
    public void Frames_are_duplicated_in_the_share_that_was_set()
    {
        using TestLink link = TestLink.Of("duplicate=2%,delay=3ms");
        link.SendAll(Frames, TimeSpan.Zero);
        link.Drain();
        Assert.That(link.Link.Counters.Duplicated, Binomial.Likely(Frames, 0.02));
        Assert.That(link.Received, Has.Count.EqualTo(Frames + link.Link.Counters.Duplicated));
        Assert.That(link.Numbers, Is.Ordered);
        Assert.That(link.Numbers.Distinct(), Is.EqualTo(Enumerable.Range(0, Frames)));
    }

    [Test]
    public void A_copy_is_as_the_frame_was_sent_and_has_its_own_headroom()
    {
        using TestLink link = TestLink.Of("duplicate=100%,corrupt=100%");
        link.Send(5);
        byte[] sent;
        using (Frame frame = link.NewFrame(5))
            sent = frame.Octets.ToArray();
        Assert.That(link.Link.TryDequeue(link.Now, out Frame? original));
        Assert.That(link.Link.TryDequeue(link.Now, out Frame? copy));
        Assert.That(original!.Octets.SequenceEqual(sent), Is.False);
        Assert.That(copy!.Octets.SequenceEqual(sent));
        Assert.That(copy.Headroom, Is.EqualTo(original.Headroom));
        original.Dispose();
        copy.Dispose();
    }

    [Test]
    public void Corruption_flips_exactly_one_bit_behind_the_header()
    {
        using TestLink link = TestLink.Of("corrupt=10%");
        link.SendAll(Frames, TimeSpan.Zero, length: 100);
        int corrupted = 0;
        HashSet<(int Octet, int Bit)> places = [];
        for (int number = 0; number < Frames; number++)
        {
            byte[] octets = link.Received[number].Octets;
            using Frame sent = link.NewFrame(number, 100);
            int bits = 0;
            for (int octet = 0; octet < octets.Length; octet++)
            {
                int difference = octets[octet] ^ sent.Octets[octet];
                bits += BitOperations.PopCount((uint)difference);
                if (difference != 0)
                    places.Add((octet, BitOperations.Log2((uint)difference)));
            }
            Assert.That(bits, Is.LessThanOrEqualTo(1));
            corrupted += bits;
        }
        Assert.That(link.Link.Counters.Corrupted, Is.EqualTo(corrupted));
        Assert.That(corrupted, Binomial.Likely(Frames, 0.1));
        Assert.That(places.Select(place => place.Octet), Is.All.GreaterThanOrEqualTo(TestLink.HeaderLength));
        Assert.That(places, Has.Count.GreaterThan(600), "each of the 86 * 8 bits has its turn");
    }

    [TestCase(0x0800, ExpectedResult = 1)]
    [TestCase(0x86dd, ExpectedResult = 1)]
    [TestCase(0x0806, ExpectedResult = 0)]
    [TestCase(0x88b5, ExpectedResult = 0)]
    public long Only_IP_packets_are_corrupted(int type)
    {
        using TestLink link = TestLink.Of("corrupt=100%");
        link.Send(1, type: (ushort)type);
        link.Run(TimeSpan.Zero);
        return link.Link.Counters.Corrupted;
    }

    [Test]
    public void The_same_seed_gives_the_same_run()
    {
        using TestLink first = Flood(Everything, seed: 11);
        using TestLink second = Flood(Everything, seed: 11);
        Assert.That(
            second.Received.Select(Describe), Is.EqualTo(first.Received.Select(Describe)));
    }

    [Test]
    public void Another_seed_gives_another_run()
    {
        using TestLink first = Flood(Everything, seed: 11);
        using TestLink second = Flood(Everything, seed: 12);
        Assert.That(
            second.Received.Select(Describe), Is.Not.EqualTo(first.Received.Select(Describe)));
    }

    [Test]
    public void Which_frames_are_lost_does_not_depend_on_what_else_is_set()
    {
        using TestLink first = Flood("loss=10%", seed: 11);
        using TestLink second = Flood(Everything, seed: 11);
        Assert.That(second.Link.Counters.Corrupted, Is.GreaterThan(0));
        Assert.That(second.Link.Counters.Lost, Is.EqualTo(first.Link.Counters.Lost));
    }

    [Test]
    public void The_decisions_of_a_seed_are_the_same_in_every_release()
    {
        using TestLink link = TestLink.Of("loss=20%", seed: 42);
        link.SendAll(60, TimeSpan.Zero);
        int[] lost = [.. Enumerable.Range(0, 60).Except(link.Numbers)];
        Assert.That(lost, Is.EqualTo(new[] { 4, 9, 10, 17, 18, 24, 35, 38, 53, 55 }));
    }

    private static TestLink Flood(string text, uint seed)
    {
        TestLink link = TestLink.Of(text, seed);
        link.SendAll(2000, TimeSpan.FromMilliseconds(0.3), length: 60);
        link.Drain();
        return link;
    }

    private static string Describe(TestLink.Arrival arrival) => $"{arrival.At} {Convert.ToHexString(arrival.Octets)}";
}
