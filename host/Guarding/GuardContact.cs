using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Guarding;

/// <summary>
/// This process's connection to its guard, who wakes programs that wait for connections should the process be killed: it cannot do
/// it then, and nothing of ours lives in the programs that could (decision 13). Without a guard the process works all the same.
/// </summary>
internal sealed unsafe class GuardContact : LoopTenant, IDisposable
{
    /// <summary>What lasted so long was a contact: after it another one is looked for at once.</summary>
    private static readonly TimeSpan RealContact = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait after an attempt that came to nothing; twice as long after each further one.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly EventLoop _loop;
    private readonly GuardOptions _options;
    private readonly Line _line;
    private string? _name;
    private bool _isNeeded;
    private Instant _since;
    private Instant _tryAt;
    private TimeSpan _pause;

    /// <param name="loop">Watches the connection.</param>
    /// <param name="options">How to find a guard.</param>
    public GuardContact(EventLoop loop, GuardOptions options)
    {
        _loop = loop;
        _options = options;
        _line = new Line(OnLost);
        Failed = _ => _isNeeded = false; // a bug of ours there is no reason to end the programs' sockets
        loop.Add(this);
    }

    /// <summary>Whether there is a guard, as far as is known.</summary>
    public bool IsThere => _line.Descriptor >= 0;

    /// <summary>A program begins to wait for connections: from now on a guard is needed.</summary>
    public void Need()
    {
        if (_isNeeded)
            return;
        _isNeeded = true;
        Wake();
    }

    /// <summary>The process ends in order: all who waited have been told.</summary>
    public void Dispose()
    {
        byte word = GuardProtocol.InOrder;
        if (IsThere)
            _ = Libc.send(_line.Descriptor, &word, 1, Constants.MsgNosignal);
        _line.Close(_loop);
        _loop.Remove(this);
    }

    protected override Instant? Run(Instant now)
    {
        if (!_isNeeded || IsThere)
            return null;
        if (now < _tryAt)
            return _tryAt;
        if (TryBegin())
        {
            _since = now;
            return null;
        }
        Pause(now);
        return _tryAt;
    }

    /// <summary>The guard, who never says anything, has ended.</summary>
    private void OnLost(Instant now)
    {
        _line.Close(_loop);
        if (now - _since >= RealContact)
            _pause = TimeSpan.Zero;
        else
            Pause(now);
        Wake();
    }

    private void Pause(Instant now)
    {
        _pause = _pause == TimeSpan.Zero ? FirstPause : _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        _tryAt = now + _pause;
    }

    private bool TryBegin()
    {
        int self = Libc.pidfd_open(Environment.ProcessId);
        if (self < 0)
            return false;
        _name ??= _options.FindName();
        int socket = GuardProtocol.Dial(_name);
        if (socket < 0)
            socket = StartOne(_name);
        byte word = GuardProtocol.Watch;
        bool hasBegun = socket >= 0 && DescriptorPassing.Send(socket, &word, 1, self) == 1 && _line.TryOpen(_loop, socket);
        if (!hasBegun && socket >= 0)
            _ = Libc.close(socket);
        _ = Libc.close(self);
        return hasBegun;
    }

    /// <returns>A connection to it, or -1.</returns>
    private int StartOne(string name)
    {
        int* ends = stackalloc int[2];
        if (Libc.socketpair(Constants.AfUnix, Constants.SockStream | Constants.SockNonblock | Constants.SockCloexec, 0, ends) < 0)
            return -1;
        bool hasStarted = _options.Start(name, ends[1]);
        _ = Libc.close(ends[1]);
        if (hasStarted)
            return ends[0];
        _ = Libc.close(ends[0]);
        return -1;
    }

    private sealed class Line(Action<Instant> lost) : EventSource
    {
        public override void OnEvents(uint events, Instant now) => lost(now);

        public bool TryOpen(EventLoop loop, int socket)
        {
            Descriptor = socket;
            if (loop.TryAdd(this, Constants.EpollIn | Constants.EpollRdhup))
                return true;
            Descriptor = -1;
            return false;
        }

        public void Close(EventLoop loop)
        {
            if (Descriptor < 0)
                return;
            loop.Remove(this);
            _ = Libc.close(Descriptor);
            Descriptor = -1;
        }
    }
}
