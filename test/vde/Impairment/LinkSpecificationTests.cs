using CsCheck;
using Pyco.Stack;
using Pyco.Vde.Impairment;

namespace Pyco.Vde.Tests.Impairment;

public sealed class LinkSpecificationTests
{
    private static readonly Gen<double> Percent =
        Gen.OneOf(Gen.Const(0.0), Gen.Int[0, 1000].Select(tenths => tenths / 10.0), Gen.Double[0, 100]);

    private static readonly Gen<QueueLimit> Queue = Gen.OneOf(
        Gen.Const(QueueLimit.Default),
        Gen.Int[1, 1_000_000].Select(QueueLimit.OfFrames),
        Gen.Long[1, 1_000_000_000].Select(QueueLimit.OfOctets));

    private static readonly Gen<LinkConditions> Conditions =
        from delay in Gen.OneOf(Gen.Long[0, TimeSpan.TicksPerHour], Gen.Long[0, 100].Select(ms => ms * 10_000))
        from jitter in Gen.Long[0, delay]
        from loss in Percent
        from burst in Gen.Double[1, 100].Nullable()
        from duplicate in Percent
        from reorder in Percent
        from corrupt in Percent
        from rate in Gen.OneOf(Gen.Long[1, 1_000_000_000_000], Gen.Long[1, 1000].Select(mbit => mbit * 1_000_000)).Nullable()
        from overhead in Gen.Int[0, 1000]
        from mtu in Gen.Int[68, 65_535].Nullable()
        from queue in Queue
        select new LinkConditions
        {
            Delay = new TimeSpan(delay),
            Jitter = new TimeSpan(jitter),
            LossPercent = loss,
            Burst = burst,
            DuplicatePercent = duplicate,
            ReorderPercent = reorder,
            CorruptPercent = corrupt,
            Rate = rate,
            OverheadOctets = overhead,
            Mtu = mtu,
            Queue = queue,
        };

    private static readonly Gen<LinkConditions> Possible = Conditions.Where(conditions => conditions.IsPossible(out _));

    [Test]
    public void A_text_sets_both_ways()
    {
        LinkSpecification link = Parse("delay=20ms,jitter=1.5ms,loss=1%,rate=5mbit");
        Assert.That(link.Up, Is.EqualTo(link.Down));
        Assert.That(link.Up, Is.EqualTo(new LinkConditions
        {
            Delay = TimeSpan.FromMilliseconds(20),
            Jitter = TimeSpan.FromMicroseconds(1500),
            LossPercent = 1,
            Rate = 5_000_000,
        }));
    }

    [Test]
    public void A_prefix_sets_one_way_up_to_the_next()
    {
        LinkSpecification link = Parse("seed=9,mtu=1400,up:rate=1mbit,queue=20, down:rate=8mbit, delay=5ms,queue=64kbyte");
        Assert.That(link, Is.EqualTo(new LinkSpecification
        {
            Up = new() { Mtu = 1400, Rate = 1_000_000, Queue = QueueLimit.OfFrames(20) },
            Down = new()
            {
                Mtu = 1400,
                Rate = 8_000_000,
                Delay = TimeSpan.FromMilliseconds(5),
                Queue = QueueLimit.OfOctets(64_000),
            },
            Seed = 9,
        }));
    }

    [Test]
    public void All_properties_and_units_are_read()
    {
        LinkConditions link = Parse(
            "Delay=1s,jitter=0.5us,loss=0.1%,burst=4,duplicate=2%,reorder=3%,corrupt=4%,rate=1.5Gbit,overhead=24,mtu=9000," +
            "queue=2mbyte").Down;
        Assert.That(link, Is.EqualTo(new LinkConditions
        {
            Delay = TimeSpan.FromSeconds(1),
            Jitter = TimeSpan.FromTicks(5),
            LossPercent = 0.1,
            Burst = 4,
            DuplicatePercent = 2,
            ReorderPercent = 3,
            CorruptPercent = 4,
            Rate = 1_500_000_000,
            OverheadOctets = 24,
            Mtu = 9000,
            Queue = QueueLimit.OfOctets(2_000_000),
        }));
    }

    [Test]
    public void A_later_text_changes_only_what_it_names()
    {
        LinkSpecification before = Parse("delay=20ms,loss=1%,seed=3");
        Assert.That(LinkSpecification.TryParse("loss=2%,up:delay=none", before, out LinkSpecification? link, out _));
        Assert.That($"{link}", Is.EqualTo("seed=3,loss=2%,down:delay=20ms"));
    }

    [TestCase("none", "none")]
    [TestCase("none,mtu=1400", "mtu=1400")]
    [TestCase("up:none", "seed=3,down:delay=20ms,loss=1%,rate=5mbit")]
    [TestCase("loss=none,rate=none", "seed=3,delay=20ms")]
    [TestCase("delay=0,loss=0%,seed=none", "rate=5mbit")]
    public void None_clears(string text, string expected)
    {
        LinkSpecification before = Parse("delay=20ms,loss=1%,rate=5mbit,seed=3");
        Assert.That(LinkSpecification.TryParse(text, before, out LinkSpecification? link, out string? error), error);
        Assert.That($"{link}", Is.EqualTo(expected));
    }

    [Test]
    public void An_option_that_is_repeated_counts_as_a_whole()
    {
        string[] texts = ["up:reorder=5%", "delay=10ms", "down:rate=8mbit"];
        Assert.That(
            LinkSpecification.TryParse(texts, LinkSpecification.None, out LinkSpecification? link, out string? error), error);
        Assert.That($"{link}", Is.EqualTo("delay=10ms,up:reorder=5%,down:rate=8mbit"));
    }

    [Test]
    public void The_canonical_text_reads_back_as_the_same_link() =>
        Gen.Select(Possible, Possible, Gen.Bool, Gen.UInt.Nullable()).Sample((up, down, isSame, seed) =>
        {
            LinkSpecification link = new() { Up = up, Down = isSame ? up : down, Seed = seed };
            string text = link.ToString();
            Assert.That(Parse(text), Is.EqualTo(link), text);
            Assert.That(Parse(text).ToString(), Is.EqualTo(text));
        });

    [Test]
    public void No_text_crashes_the_parser() =>
        Gen.Char["udelayrtms:=,.%0159-e+ \0"].Array[0, 30].Select(letters => new string(letters)).Sample(text =>
        {
            if (!LinkSpecification.TryParse(text, out LinkSpecification? link, out string? error))
                Assert.That(error, Is.Not.Empty);
            else
                Assert.That(Parse(link.ToString()), Is.EqualTo(link));
        });

    [TestCase("", "a property is missing: give NAME=VALUE with delay, jitter, loss, burst, duplicate, reorder, corrupt, rate, " +
        "overhead, mtu, queue or seed, or none")]
    [TestCase("latency=5ms", "'latency' is no property of a link: give delay, jitter, loss, burst, duplicate, reorder, " +
        "corrupt, rate, overhead, mtu, queue or seed, or none to clear all")]
    [TestCase("delay", "'delay' needs a value: give delay=VALUE, or delay=none to clear it")]
    [TestCase("delay=", "'delay=': give a number with a unit (us, ms or s), as in 20ms")]
    [TestCase("delay=20", "'delay=20': give a unit (us, ms or s), as in 20ms")]
    [TestCase("delay=20min", "'delay=20min': give a unit that is us, ms or s, not 'min'")]
    [TestCase("delay=-1ms", "'delay=-1ms': give a number with a unit (us, ms or s), as in 20ms")]
    [TestCase("delay=4000s", "'delay=4000s': give at most 3600s")]
    [TestCase("delay=0.05us", "'delay=0.05us': give a multiple of 0.1us")]
    [TestCase("loss=1", "'loss=1': give it as 1%")]
    [TestCase("loss=101%", "'loss=101%': give a share from 0% to 100%")]
    [TestCase("loss=much", "'loss=much': give a share from 0% to 100%")]
    [TestCase("loss=NaN%", "'loss=NaN%': give a share from 0% to 100%")]
    [TestCase("burst=0.5", "'burst=0.5': give a mean number of frames from 1 to 1000000")]
    [TestCase("rate=5", "'rate=5': give a unit (bit, kbit, mbit or gbit), as in 5kbit")]
    [TestCase("rate=0mbit", "'rate=0mbit': give at least 1bit")]
    [TestCase("rate=5mbps", "'rate=5mbps': give a unit that is bit, kbit, mbit or gbit, not 'mbps'")]
    [TestCase("up:mtu=67", "'mtu=67': give a whole number from 68 to 65535")]
    [TestCase("queue=0", "'queue=0': give a number of frames, as in 100, or of octets, as in 64kbyte (byte, kbyte or mbyte)")]
    [TestCase("seed=-1", "'seed=-1': give a whole number from 0 to 4294967295")]
    [TestCase("up:seed=1", "'seed=1': both ways have one seed; give it in front of up: and down:")]
    [TestCase("jitter=5ms", "jitter=5ms is more than the delay, and no frame arrives before it was sent: give delay=5ms or more")]
    [TestCase("down:reorder=5%", "reorder=5% needs a delay, which those frames skip: add delay=10ms, for example")]
    [TestCase("loss=90%,burst=2", "burst=2 is too short for loss=90%: give burst=9 or more")]
    public void An_error_says_what_to_do(string text, string expected)
    {
        Assert.That(LinkSpecification.TryParse(text, out _, out string? error), Is.False);
        Assert.That(error, Is.EqualTo(expected));
    }

    [Test]
    public void A_seed_is_drawn_only_if_the_user_gave_none()
    {
        LinkSpecification drawn = Parse("loss=1%").WithSeed(new SplitMix64(0));
        Assert.That(drawn.Seed, Is.EqualTo(0x7b1dcdaf));
        Assert.That(drawn.WithSeed(Entropy.System), Is.EqualTo(drawn));
        Assert.That(() => LinkSpecification.None.Chance(LinkDirection.Up), Throws.InvalidOperationException);
    }

    [Test]
    public void The_two_ways_of_a_seed_are_different()
    {
        LinkSpecification link = new() { Seed = 1 };
        Assert.That(
            link.Chance(LinkDirection.Up).NextUInt64(), Is.Not.EqualTo(link.Chance(LinkDirection.Down).NextUInt64()));
    }

    private static LinkSpecification Parse(string text)
    {
        Assert.That(LinkSpecification.TryParse(text, out LinkSpecification? link, out string? error), $"{text}: {error}");
        return link!;
    }
}
