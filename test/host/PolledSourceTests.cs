using Pyco.Host.Loop;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>Memory that a loop looks at while it is awake.</summary>
internal sealed class PolledSourceTests
{
    /// <summary>Longer than the test waits: a turn that sleeps is one that has failed.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private EventLoop _loop = null!;
    private TestSource _source = null!;

    [SetUp]
    public void MakeLoop()
    {
        _loop = new EventLoop(TimeProvider.System);
        _loop.Turn(TimeSpan.Zero);
        _source = new TestSource();
    }

    [TearDown]
    public void EndLoop() => _loop.Dispose();

    [Test]
    public void What_has_work_is_heard_in_every_turn_and_no_turn_sleeps()
    {
        _loop.Poll(_source);
        _source.HasWork = true;
        _source.OnWork = () => { };
        for (int turn = 0; turn < 3; turn++)
            _loop.Turn(Long);
        Assert.That(_source.Heard, Is.EqualTo(3));
    }

    [Test]
    public void A_loop_that_does_not_sleep_asks_for_nothing()
    {
        _loop.Poll(_source);
        _loop.Turn(TimeSpan.Zero);
        Assert.That((_source.Armed, _source.IsLive), Is.EqualTo((0, true)));
    }

    [Test]
    public void Before_it_sleeps_it_asks_to_be_told_and_looks_no_more()
    {
        _loop.Poll(_source);
        _loop.Turn(TimeSpan.FromMilliseconds(1));
        Assert.That((_source.Armed, _source.IsLive), Is.EqualTo((1, false)));
        _source.HasWork = true;
        _loop.Turn(TimeSpan.FromMilliseconds(1));
        Assert.That((_source.Armed, _source.Heard), Is.EqualTo((1, 0)));
        _loop.Poll(_source);
        _loop.Turn(Long);
        Assert.That(_source.Heard, Is.EqualTo(1));
    }

    [Test]
    public void Work_that_comes_while_it_asks_keeps_it_awake()
    {
        _loop.Poll(_source);
        _source.OnArm = () => _source.HasWork = true;
        _loop.Turn(Long);
        Assert.That((_source.Heard, _source.IsLive), Is.EqualTo((1, true)));
    }

    [Test]
    public void What_is_forgotten_is_not_heard()
    {
        TestSource other = new() { HasWork = true };
        _source.HasWork = true;
        _loop.Poll(_source);
        _loop.Poll(other);
        _loop.Forget(_source);
        _loop.Turn(Long);
        Assert.That((_source.Heard, other.Heard), Is.EqualTo((0, 1)));
    }

    [Test]
    public void A_source_may_be_forgotten_while_it_is_heard()
    {
        TestSource other = new() { HasWork = true };
        _source.HasWork = true;
        _source.OnWork = () => _loop.Forget(_source);
        _loop.Poll(_source);
        _loop.Poll(other);
        _loop.Turn(Long);
        _loop.Turn(Long);
        Assert.That((_source.Heard, other.Heard), Is.EqualTo((1, 1)).Or.EqualTo((1, 2)));
    }

    private sealed class TestSource : PolledSource
    {
        public TestSource() => OnWork = () => HasWork = false;

        public bool HasWork { get; set; }

        public int Heard { get; private set; }

        public int Armed { get; private set; }

        public Action OnWork { get; set; }

        public Action OnArm { get; set; } = () => { };

        public override bool IsReady => HasWork;

        public override bool TryArm()
        {
            Armed++;
            OnArm();
            return !HasWork;
        }

        public override void OnReady(Instant now)
        {
            Heard++;
            OnWork();
        }
    }
}
