using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Guarding;

/// <summary>
/// Waits for the end of a user's processes that hold hosts. Where that was not an orderly one, programs that wait for connections
/// are woken.
/// </summary>
internal sealed class Guard : IDisposable
{
    private readonly EventLoop _loop;
    private readonly Action _wake;
    private readonly ConnectionListener<GuardedProcess>? _listener;
    private int _guarded;

    /// <param name="loop">The guard's own.</param>
    /// <param name="name">The abstract name where others find it.</param>
    /// <param name="first">The connection of the process that has started it.</param>
    /// <param name="wake">Wakes the programs of those that are no more.</param>
    /// <exception cref="SystemCallException">The loop cannot watch the connection.</exception>
    private Guard(EventLoop loop, string name, int first, Action wake)
    {
        _loop = loop;
        _wake = wake;
        uint user = Libc.geteuid();
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
        loop.Add(Take(first), Constants.EpollIn | Constants.EpollRdhup);
    }

    /// <summary>Serves until nobody is left to be guarded.</summary>
    /// <param name="name">The abstract name where others find it.</param>
    /// <param name="first">The connection of the process that has started it.</param>
    /// <param name="wake">Wakes the programs of those that are no more.</param>
    public static void Run(string name, int first, Action wake)
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
        using Guard guard = new(loop, name, first, wake);
        loop.Run();
    }

    /// <summary>Who connects now learns by the end of his connection that there is no guard.</summary>
    public void Dispose() => _listener?.Dispose();

    private GuardedProcess Take(int descriptor)
    {
        _guarded++;
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
        _wake();
        Release();
    }

    private void Release()
    {
        if (--_guarded == 0)
            _loop.StopRequested = true;
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
