using Pyco.Host.Loop;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>Which tenants run when, and what a failure of one does to the others.</summary>
internal sealed class EventLoopTests
{
    private readonly VirtualClock _clock = new();
    private EventLoop _loop = null!;

    [SetUp]
    public void MakeLoop()
    {
        _loop = new EventLoop(_clock);
        _loop.Turn(TimeSpan.Zero);
    }

    [TearDown]
    public void EndLoop() => _loop.Dispose();

    [Test]
    public void A_tenant_runs_once_when_it_is_added_and_again_when_it_is_woken()
    {
        TestTenant tenant = Add();
        _loop.Turn(TimeSpan.Zero);
        _loop.Turn(TimeSpan.Zero);
        Assert.That(tenant.Runs, Is.EqualTo(1));
        tenant.Wake();
        tenant.Wake();
        _loop.Turn(TimeSpan.Zero);
        Assert.That(tenant.Runs, Is.EqualTo(2));
    }

    [Test]
    public void Who_is_woken_by_a_neighbour_runs_in_the_same_turn_and_who_wakes_itself_in_the_next()
    {
        TestTenant left = Add(), right = Add();
        _loop.Turn(TimeSpan.Zero);
        left.OnRun = () => right.Wake();
        right.OnRun = () => right.Wake();
        left.Wake();
        _loop.Turn(TimeSpan.Zero);
        Assert.That(right.Runs, Is.EqualTo(2));
        right.OnRun = () => { };
        _loop.Turn(TimeSpan.Zero);
        Assert.That(right.Runs, Is.EqualTo(3));
    }

    [Test]
    public void Two_that_wake_each_other_without_end_do_not_keep_the_descriptors_from_being_heard()
    {
        TestTenant left = Add(), right = Add();
        left.OnRun = right.Wake;
        right.OnRun = left.Wake;
        _loop.Turn(TimeSpan.Zero);
        Assert.That(left.Runs + right.Runs, Is.InRange(100, 1000));
    }

    [Test]
    public void Deadlines_run_in_their_order_wherever_they_were_moved_before()
    {
        List<int> order = [];
        TestTenant[] tenants = [.. Enumerable.Range(0, 5).Select(_ => Add())];
        int[] seconds = [50, 10, 40, 20, 30];
        for (int index = 0; index < tenants.Length; index++)
        {
            int number = index;
            tenants[index].Next = _clock.Now + TimeSpan.FromSeconds(5); // earlier at first
            tenants[index].OnRun = () => tenants[number].OnRun = () => order.Add(number);
        }
        _loop.Turn(TimeSpan.Zero);
        for (int index = 0; index < tenants.Length; index++)
        {
            tenants[index].Next = _clock.Now + TimeSpan.FromSeconds(seconds[index]);
            tenants[index].Wake();
        }
        _loop.Turn(TimeSpan.Zero);
        order.Clear();
        for (int second = 0; second < 60; second++)
        {
            _clock.Now += TimeSpan.FromSeconds(1);
            foreach (TestTenant tenant in tenants.Where(tenant => tenant.Next <= _clock.Now))
                tenant.OnRun += () => tenant.Next = null;
            _loop.Turn(TimeSpan.Zero);
        }
        Assert.That(order, Is.EqualTo(new[] { 1, 3, 4, 2, 0 }));
    }

    [Test]
    public void A_tenant_that_was_removed_does_not_run_again()
    {
        TestTenant tenant = Add();
        tenant.Next = _clock.Now + TimeSpan.FromSeconds(1);
        _loop.Turn(TimeSpan.Zero);
        tenant.Wake();
        _loop.Remove(tenant);
        _clock.Now += TimeSpan.FromSeconds(2);
        _loop.Turn(TimeSpan.Zero);
        Assert.That(tenant.Runs, Is.EqualTo(1));
    }

    [Test]
    public void A_bug_in_one_tenant_ends_that_one_alone()
    {
        TestTenant broken = Add(), sound = Add();
        Exception? told = null;
        broken.OnRun = () => throw new InvalidOperationException("bug");
        broken.Failed = bug =>
        {
            told = bug;
            _loop.Remove(broken);
        };
        sound.OnRun = broken.Wake;
        _loop.Turn(TimeSpan.Zero);
        sound.Wake();
        _loop.Turn(TimeSpan.Zero);
        Assert.That(told?.Message, Is.EqualTo("bug"));
        Assert.That((broken.Runs, sound.Runs), Is.EqualTo((1, 2)));
    }

    [Test]
    public void A_bug_that_nobody_answers_for_ends_the_loop()
    {
        Add().OnRun = () => throw new InvalidOperationException("bug");
        Assert.That(() => _loop.Turn(TimeSpan.Zero), Throws.InvalidOperationException);
    }

    [Test]
    public void Who_asked_for_it_is_called_once_before_the_loop_sleeps_and_a_bug_there_is_its_tenant_s_alone()
    {
        TimeSpan moment = TimeSpan.FromMicroseconds(1);
        TestTenant broken = Add();
        Exception? told = null;
        broken.Failed = bug => told = bug;
        int calls = 0;
        using TestSource first = new(() => { }) { Tenant = broken, WhenIdle = () => throw new InvalidOperationException("bug") };
        using TestSource second = new(() => { }) { WhenIdle = () => calls++ };
        foreach (TestSource source in new[] { first, second, second })
            _loop.CallWhenIdle(source);
        _loop.Turn(TimeSpan.Zero);
        _loop.Turn(TimeSpan.Zero);
        Assert.That((told, calls), Is.EqualTo(((Exception?)null, 0)));
        _loop.Turn(moment);
        _loop.Turn(moment);
        Assert.That((told?.Message, calls), Is.EqualTo(("bug", 1)));
        _loop.CallWhenIdle(second);
        _loop.Turn(moment);
        Assert.That(calls, Is.EqualTo(2));
    }

    [TestCase(300 * 1024, "read pass read pass read pass")]
    [TestCase(100 * 1024, "read read read pass")]
    public void Tenants_pass_on_what_was_read_before_it_becomes_too_much(int octetsEach, string expected)
    {
        List<string> order = [];
        TestTenant tenant = Add();
        _loop.Turn(TimeSpan.Zero);
        tenant.OnRun = () => order.Add("pass");
        using TestSource first = new(Read), second = new(Read), third = new(Read);
        foreach (TestSource source in new[] { first, second, third })
            _loop.Add(source, Constants.EpollIn | Constants.EpollEt);

        _loop.Turn(TimeSpan.Zero);
        _loop.Turn(TimeSpan.Zero);

        Assert.That(string.Join(' ', order), Is.EqualTo(expected));

        void Read()
        {
            order.Add("read");
            _loop.NoteHeard(octetsEach);
            tenant.Wake();
        }
    }

    private TestTenant Add()
    {
        TestTenant tenant = new();
        _loop.Add(tenant);
        return tenant;
    }

    private sealed class TestTenant : LoopTenant
    {
        public int Runs { get; private set; }

        public Instant? Next { get; set; }

        public Action OnRun { get; set; } = () => { };

        protected override Instant? Run(Instant now)
        {
            Runs++;
            OnRun();
            return Next;
        }
    }
    /// <summary>A descriptor on which there is something to hear.</summary>
    private sealed class TestSource : EventSource, IDisposable
    {
        private readonly Action _heard;

        public TestSource(Action heard)
        {
            _heard = heard;
            Descriptor = Libc.eventfd(1, Constants.SockCloexec); // EFD_CLOEXEC has the same value
        }

        public Action WhenIdle { get; init; } = () => { };

        public override void OnEvents(uint events, Instant now) => _heard();

        public override void OnIdle() => WhenIdle();

        public void Dispose() => _ = Libc.close(Descriptor);
    }
}
