using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Guarding;

/// <summary>
/// Waits for the end of a user's processes that hold hosts. Where that was not an orderly one, programs that wait for connections
/// are woken.
/// </summary>
internal sealed class Guard : LoopTenant, IDisposable
{
    /// <summary>For each process its connection, and a pidfd.</summary>
    private const int DescriptorsForEach = 2;

    /// <summary>More than connect in one turn, with some for the guard itself.</summary>
    private const int SpareDescriptors = 256;

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly EventLoop _loop;
    private readonly Func<bool> _tryWakePrograms;
    private ConnectionListener<GuardedProcess>? _listener;
    private int _guarded;
    private bool _hasEnded;

    /// <param name="loop">The guard's own.</param>
    /// <param name="name">The abstract name where others find it.</param>
    /// <param name="first">The connection of the process that has started it.</param>
    /// <param name="tryWakePrograms">See <see cref="Run(string, int, Func{bool})"/>.</param>
    /// <exception cref="SystemCallException">The loop cannot watch the connection.</exception>
    private Guard(EventLoop loop, string name, int first, Func<bool> tryWakePrograms)
    {
        _loop = loop;
        _tryWakePrograms = tryWakePrograms;
        uint user = Libc.geteuid();
        loop.Add(this);
        if (!IsFull)
        {
            try
            {
                _listener = new ConnectionListener<GuardedProcess>(loop, UnixAddress.Abstract(name), Take)
                {
                    Admits = peer => peer.UserId == user,
                };
            }
            catch (SystemCallException)
            {
                // Another user has the name, or a guard that was started in this moment: then it guards the one process that knows it.
            }
        }
        loop.Add(Take(first), Constants.EpollIn | Constants.EpollRdhup);
    }

    private bool IsFull => OpenFilesLimit.Soft < (ulong)(_guarded * DescriptorsForEach) + SpareDescriptors;

    /// <summary>Serves until nobody is left to be guarded.</summary>
    /// <param name="name">The abstract name where others find it.</param>
    /// <param name="first">The connection of the process that has started it.</param>
    /// <param name="tryWakePrograms">
    /// Wakes the programs of those that are no more; false if that is not possible now. Called once for all that have ended in a turn of the loop.
    /// </param>
    public static void Run(string name, int first, Func<bool> tryWakePrograms)
    {
        // Of two that were started at the same moment the later one ends: its process then finds the other.
        if (GuardProtocol.Dial(name) is >= 0 and int another)
        {
            _ = Libc.close(another);
            _ = Libc.close(first);
            return;
        }
        using EventLoop loop = new(TimeProvider.System);
        loop.Turn(TimeSpan.Zero); // reads the clock
        using Guard guard = new(loop, name, first, tryWakePrograms);
        loop.Run();
    }

    /// <summary>Who connects now learns by the end of his connection that there is no guard.</summary>
    public void Dispose() => _listener?.Dispose();

    protected override Instant? Run(Instant now)
    {
        _hasEnded = _hasEnded && !_tryWakePrograms();
        if (IsFull)
        {
            _listener?.Dispose(); // the next one starts another guard
            _listener = null;
        }
        if (_hasEnded)
            return now + RetryPause;
        if (_guarded == 0)
            _loop.StopRequested = true;
        return null;
    }

    private GuardedProcess Take(int descriptor)
    {
        _guarded++;
        Wake();
        return new GuardedProcess(_loop, descriptor, OnGone);
    }

    private void OnGone(int process)
    {
        if (process >= 0 && _loop.TryAdd(new EndingProcess(_loop, process, OnEnded), Constants.EpollIn))
            return;
        if (process >= 0)
            _ = Libc.close(process);
        Release();
    }

    private void OnEnded()
    {
        _hasEnded = true;
        Release();
    }

    private void Release()
    {
        _guarded--;
        Wake();
    }

    /// <summary>Its connection is closed, but perhaps not yet the sockets of its hosts.</summary>
    private sealed class EndingProcess : EventSource
    {
        private readonly EventLoop _loop;
        private readonly Action _ended;

        public EndingProcess(EventLoop loop, int process, Action ended)
        {
            _loop = loop;
            _ended = ended;
            Descriptor = process;
        }

        public override void OnEvents(uint events, Instant now)
        {
            _loop.Remove(this);
            _ = Libc.close(Descriptor);
            _ended();
        }
    }
}
