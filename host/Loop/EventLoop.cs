using System.Diagnostics;
using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Loop;

/// <summary>
/// One thread's epoll loop: sources with descriptors, and tenants that work after the sources have been heard. The clock
/// is read once in a turn. It sleeps until something happens or the earliest deadline comes, and has no tick.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    private const int EventsPerTurn = 256;

    /// <summary>
    /// What sources may read before the tenants pass it on. More of it would have left the processor's cache when it is
    /// written. Measured with 32 streams between two hosts (iperf -P 32): 0.84 of the processor time, 1.17 times as much
    /// in a second; with 8, no difference.
    /// </summary>
    private const int OctetsPerPass = 256 * 1024;

    /// <summary>The longest that <see cref="EventSource.OnIdle"/> is put off in a loop that is never idle.</summary>
    public static readonly TimeSpan LongestIdleWait = TimeSpan.FromMilliseconds(10);

    private readonly int _epoll;
    private readonly TimeProvider _clock;
    private readonly EpollEvents _events = new(EventsPerTurn);
    private readonly List<Entry> _entries = [];
    private readonly Stack<int> _freeSlots = new();
    private readonly TenantSchedule _tenants = new();
    private readonly PolledSources _polled = new();
    private readonly List<EventSource> _idle = [];
    private readonly BusyPolling _polling;
    private Instant _idleAwaitedSince;
    private volatile bool _isAsleep;
    private bool _hasPreciseWait = true;
    private int _octetsHeard;

    /// <param name="clock">Tells the time.</param>
    /// <param name="lookOn">How long to look on for events before sleeping, while that pays; see <see cref="BusyPolling"/>.</param>
    public EventLoop(TimeProvider clock, TimeSpan lookOn = default)
    {
        _polling = new BusyPolling(lookOn);
        _clock = clock;
        _epoll = Libc.epoll_create1(Constants.EpollCloexec);
        if (_epoll < 0)
            throw SystemCallException.Last("epoll_create1");
    }

    /// <summary>The moment of this turn.</summary>
    public Instant Now { get; private set; }

    /// <summary>The number of this turn.</summary>
    public long Turns { get; private set; }

    /// <summary>How many descriptors have something to say in this turn.</summary>
    public int HeardInTurn { get; private set; }

    /// <summary>Whether it waits for something to happen. Any thread may ask.</summary>
    public bool IsAsleep => _isAsleep;

    /// <summary>Hears that the loop was woken; null for none.</summary>
    public StallBreaker? StallBreaker { get; set; }

    /// <summary>Set to leave <see cref="Run()"/> at the end of the turn.</summary>
    public bool StopRequested { get; set; }

    /// <summary>Room for the longest datagram with its header, for all tenants, because a loop does one thing at a time.</summary>
    public byte[] MessageBuffer { get; } = GC.AllocateUninitializedArray<byte>(128 * 1024, pinned: true);

    /// <summary>On whose behalf the loop is at work: sources that are added now are the tenant's.</summary>
    public LoopTenant? Serving { get; set; }

    public void Add(LoopTenant tenant) => _tenants.Add(tenant);

    public void Remove(LoopTenant tenant) => _tenants.Remove(tenant);

    /// <summary>Looks at the source in every turn until the loop sleeps.</summary>
    public void Poll(PolledSource source)
    {
        source.Tenant ??= Serving;
        _polled.Add(source);
    }

    /// <summary>Looks at the source no more.</summary>
    public void Forget(PolledSource source) => _polled.Remove(source);

    /// <summary>Begins to watch the source's descriptor.</summary>
    /// <exception cref="SystemCallException">The kernel refuses, for instance because the descriptor is a file.</exception>
    public void Add(EventSource source, uint interest)
    {
        if (!TryAdd(source, interest))
            throw SystemCallException.Last("epoll_ctl");
    }

    /// <summary>The same for a source that can be refused; the errno is as a system call leaves it.</summary>
    public bool TryAdd(EventSource source, uint interest)
    {
        Debug.Assert(source.Slot < 0, "a source is watched once");
        int slot = TakeSlot(source);
        if (EpollEvents.Control(_epoll, Constants.EpollCtlAdd, source.Descriptor, interest, Tag(slot)) < 0)
        {
            FreeSlot(slot);
            return false;
        }
        source.Slot = slot;
        source.Interest = interest;
        source.Tenant ??= Serving;
        return true;
    }

    /// <summary>Changes what to watch for; costs a system call only if it differs from before.</summary>
    public void SetInterest(EventSource source, uint interest)
    {
        if (source.Slot < 0 || source.Interest == interest)
            return;
        source.Interest = interest;
        if (EpollEvents.Control(_epoll, Constants.EpollCtlMod, source.Descriptor, interest, Tag(source.Slot)) < 0)
            throw SystemCallException.Last("epoll_ctl");
    }

    /// <summary>
    /// Forgets a source whose descriptor is closed next, which is what ends the kernel's watch: nobody else holds the
    /// descriptor. Events of this turn that were already fetched are dropped by the slot's generation.
    /// </summary>
    public void Remove(EventSource source)
    {
        if (source.Slot < 0)
            return;
        FreeSlot(source.Slot);
        source.Slot = -1;
    }

    /// <summary>Forgets a source whose descriptor stays open.</summary>
    public void Detach(EventSource source)
    {
        if (source.Slot < 0)
            return;
        _ = EpollEvents.Control(_epoll, Constants.EpollCtlDel, source.Descriptor, 0, 0);
        Remove(source);
    }

    /// <summary>Calls the source once when there is nothing else to do, before the loop sleeps, or after <see cref="LongestIdleWait"/>.</summary>
    public void CallWhenIdle(EventSource source)
    {
        if (source.IsToCallWhenIdle)
            return;
        if (_idle.Count == 0)
            _idleAwaitedSince = Now;
        source.IsToCallWhenIdle = true;
        _idle.Add(source);
    }

    public void Run()
    {
        while (!StopRequested)
            Turn(null);
    }

    /// <summary>Waits until something is due, or until <paramref name="patience"/> has passed, and does it.</summary>
    /// <returns>How many descriptors had something to say.</returns>
    public int Turn(TimeSpan? patience)
    {
        int count = WaitFor(SleepFor(patience));
        Now = ReadClock();
        Turns++;
        HeardInTurn = count;
        for (int index = 0; index < count; index++)
        {
            if (Find(_events.DataAt(index)) is { } source)
                Hear(source, _events.EventsAt(index));
            if (_octetsHeard >= OctetsPerPass && index < count - 1)
                RunTenants();
        }
        HearPolled();
        RunTenants();
        if (_idle.Count > 0 && Now - _idleAwaitedSince >= LongestIdleWait)
            _ = HearIdle();
        return count;
    }

    /// <summary>A source has read so much, which tenants will pass on.</summary>
    public void NoteHeard(int octets) => _octetsHeard += octets;

    public void Dispose()
    {
        _ = Libc.close(_epoll);
        _events.Dispose();
    }

    private void HearPolled()
    {
        for (int index = 0; index < _polled.Count; index++)
        {
            if (_polled[index] is { IsReady: true } source)
                Hear(source);
        }
    }

    private void Hear(EventSource source, uint events) => Serve(
        source.Tenant, (source, events), static (loop, heard) => heard.source.OnEvents(heard.events, loop.Now));

    private void Hear(PolledSource source) => Serve(source.Tenant, source, static (loop, heard) => heard.OnReady(loop.Now));

    /// <returns>False if that has made work, as the end of a tenant that fails does.</returns>
    private bool HearIdle()
    {
        bool haveAllSucceeded = true;
        for (int index = 0; index < _idle.Count; index++)
        {
            _idle[index].IsToCallWhenIdle = false;
            haveAllSucceeded &= Serve(_idle[index].Tenant, _idle[index], static (_, idle) => idle.OnIdle());
        }
        _idle.Clear();
        return haveAllSucceeded && !_tenants.IsAnyAwake;
    }

    private void RunTenants()
    {
        while (_tenants.TakeDue(Now) is { } tenant)
            Serve(tenant, tenant, static (loop, due) => loop._tenants.Run(due, loop.Now));
        _octetsHeard = 0; // also what tenants read meanwhile
    }

    /// <returns>False if the tenant has failed.</returns>
    private bool Serve<TWork>(LoopTenant? tenant, TWork work, Action<EventLoop, TWork> act)
    {
        Serving = tenant;
        try
        {
            act(this, work);
            return true;
        }
#pragma warning disable CA1031 // a bug in one tenant is none of the others' business
        catch (Exception bug) when (tenant is { Failed: not null })
#pragma warning restore CA1031
        {
            tenant.Failed(bug);
            return false;
        }
        finally
        {
            Serving = null;
        }
    }

    private int WaitFor(TimeSpan? sleep)
    {
        if (sleep == TimeSpan.Zero || _polled.IsAnyReady)
            return Wait(TimeSpan.Zero);
        if (_polling.Limit == TimeSpan.Zero)
            return Sleep(sleep);
        Instant start = ReadClock();
        bool looks = _polling.IsWorthwhile(start);
        if (looks)
        {
            int found = Look(start, sleep);
            bool hasPaid = found > 0 || _polled.IsAnyReady;
            _polling.NoteLook(hasPaid);
            if (hasPaid)
                return found;
            start = ReadClock();
        }
        int count = Sleep(sleep);
        if (count > 0)
        {
            Instant awake = ReadClock();
            _polling.NoteSleep(awake - start, looks, awake);
        }
        return count;
    }

    /// <summary>Looks without sleeping, and lets others run who wait for this processor.</summary>
    private int Look(Instant start, TimeSpan? sleep)
    {
        Instant end = start + (sleep < _polling.Limit ? sleep.Value : _polling.Limit);
        int count;
        while ((count = Wait(TimeSpan.Zero)) == 0 && !_polled.IsAnyReady && ReadClock() < end)
            Thread.Yield();
        return count;
    }

    private int Sleep(TimeSpan? sleep)
    {
        TimeSpan? duration = HearIdle() && _polled.TryArm() ? sleep : TimeSpan.Zero;
        _isAsleep = true;
        int count = Wait(duration);
        _isAsleep = false;
        StallBreaker?.NoteWake();
        return count;
    }

    private TimeSpan? SleepFor(TimeSpan? patience)
    {
        if (_tenants.IsAnyAwake)
            return TimeSpan.Zero;
        if (_tenants.Earliest() is not { } at)
            return patience;
        TimeSpan sleep = at - Now; // late by the length of this turn, which no deadline is precise enough to notice
        if (sleep < TimeSpan.Zero)
            sleep = TimeSpan.Zero;
        return patience < sleep ? patience : sleep;
    }

    private unsafe int Wait(TimeSpan? sleep)
    {
        int count = WaitOnce(sleep);
        if (count >= 0)
            return count;
        if (Marshal.GetLastPInvokeError() == (int)Errno.EINTR)
            return 0;
        throw SystemCallException.Last("epoll_wait");
    }

    private unsafe int WaitOnce(TimeSpan? sleep)
    {
        if (sleep is not { } delay)
            return Libc.epoll_wait(_epoll, _events.Pointer, _events.Capacity, -1);
        if (delay == TimeSpan.Zero)
            return Libc.epoll_wait(_epoll, _events.Pointer, _events.Capacity, 0);
        return _hasPreciseWait ? WaitPrecisely(delay) : WaitCoarsely(delay);
    }

    private unsafe int WaitPrecisely(TimeSpan delay)
    {
        TimeSpec timeout = new()
        {
            Seconds = delay.Ticks / TimeSpan.TicksPerSecond,
            Nanoseconds = delay.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick,
        };
        try
        {
            int count = Libc.epoll_wait_precisely(_epoll, _events.Pointer, _events.Capacity, &timeout, null);
            if (count >= 0 || Marshal.GetLastPInvokeError() != (int)Errno.ENOSYS)
                return count; // a kernel before 5.11 has no such call
        }
        catch (EntryPointNotFoundException)
        {
            // glibc before 2.35 has no name for it
        }
        _hasPreciseWait = false;
        return WaitCoarsely(delay);
    }

    /// <summary>In whole milliseconds, rounded up: waking early would spin until the deadline.</summary>
    private unsafe int WaitCoarsely(TimeSpan delay) => Libc.epoll_wait(
        _epoll, _events.Pointer, _events.Capacity, (int)Math.Min(Math.Ceiling(delay.TotalMilliseconds), int.MaxValue));

    private Instant ReadClock() => new(_clock.GetElapsedTime(0).Ticks);

    private int TakeSlot(EventSource source)
    {
        if (!_freeSlots.TryPop(out int slot))
        {
            slot = _entries.Count;
            _entries.Add(default);
        }
        _entries[slot] = _entries[slot] with { Source = source };
        return slot;
    }

    private void FreeSlot(int slot)
    {
        _entries[slot] = new Entry(null, _entries[slot].Generation + 1);
        _freeSlots.Push(slot);
    }

    private ulong Tag(int slot) => ((ulong)_entries[slot].Generation << 32) | (uint)slot;

    private EventSource? Find(ulong tag)
    {
        Entry entry = _entries[(int)(uint)tag];
        return entry.Generation == (uint)(tag >> 32) ? entry.Source : null;
    }

    private readonly record struct Entry(EventSource? Source, uint Generation);
}
