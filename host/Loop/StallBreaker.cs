using System.Runtime.InteropServices;
using Pyco.Posix;

namespace Pyco.Host.Loop;

/// <summary>
/// Gets a loop's thread out of a system call in which somebody else makes it wait. Whoever may send to one of our Unix sockets may
/// attach a descriptor, and to receive that is sooner or later to close it: the kernel then waits in our thread, if it is a TCP
/// socket of its own with SO_LINGER and a peer that does not read, for hours if that says so. A signal ends the wait.
/// </summary>
/// <remarks>
/// It looks every <see cref="Interval"/> whether the loop has got on, and sleeps while the loop does: an idle host has no tick. Who
/// sends such descriptors again and again still takes this time from the others each time.
/// </remarks>
internal sealed class StallBreaker : IDisposable
{
    /// <summary>Far above what a turn takes. A signal that comes to one which only takes long does no harm.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly EventLoop _loop;
    private readonly int _loopThread = Libc.gettid();
    private readonly Thread _watch;
    private readonly ManualResetEventSlim _woken = new(initialState: true, spinCount: 0);
    private volatile bool _isOver;

    /// <summary>Begins to watch.</summary>
    /// <param name="loop">A loop of the calling thread.</param>
    public StallBreaker(EventLoop loop)
    {
        _loop = loop;
        Processes.signal(Processes.SignalUrgent, Nothing);
        loop.StallBreaker = this;
        _watch = new Thread(Watch, maxStackSize: 128 * 1024) { IsBackground = true };
        _watch.Start();
    }

    /// <summary>
    /// A handler that does nothing, which is not the same as none: an ignored signal ends no wait. Managed code must not run
    /// in one, so it is a function of libc that takes a number and has no effect.
    /// </summary>
    private static nint Nothing => NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "abs");

    /// <summary>The loop has slept and goes on.</summary>
    public void NoteWake()
    {
        Interlocked.MemoryBarrier(); // the loop's state is written before this is read; see Watch
        if (!_woken.IsSet)
            _woken.Set();
    }

    public void Dispose()
    {
        _isOver = true;
        _woken.Set();
        _watch.Join();
        _loop.StallBreaker = null;
        _woken.Dispose();
    }

    private void Watch()
    {
        while (!_isOver)
        {
            _woken.Wait();
            long turns = _loop.Turns;
            Thread.Sleep(Interval);
            if (_loop.IsAsleep)
                SleepToo();
            else if (_loop.Turns == turns && !_isOver)
                _ = Libc.tgkill(Environment.ProcessId, _loopThread, Processes.SignalUrgent);
        }
    }

    private void SleepToo()
    {
        _woken.Reset();
        Interlocked.MemoryBarrier();
        // Woken meanwhile, it may have found the event set still.
        if (!_loop.IsAsleep || _isOver)
            _woken.Set();
    }
}
