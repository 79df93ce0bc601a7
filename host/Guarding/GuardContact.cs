using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Guarding;

/// <summary>
/// This process's connection to its guard, who wakes programs that wait for connections should the process be killed: it cannot do
/// it then, and nothing of ours lives in the programs that could (decision 13). Without a guard the process works all the same.
/// </summary>
/// <param name="loop">Watches the connection.</param>
/// <param name="options">How to find a guard.</param>
internal sealed unsafe class GuardContact(EventLoop loop, GuardOptions options) : EventSource, IDisposable
{
    /// <summary>Guards that end at once.</summary>
    private const int MostAttempts = 3;

    /// <summary>What lasted so long was a contact: what comes after it begins anew.</summary>
    private static readonly TimeSpan RealContact = TimeSpan.FromSeconds(1);

    private string? _name;
    private Instant _since;
    private int _attempts;

    /// <summary>A program begins to wait for connections: from now on a guard is needed.</summary>
    public void Need()
    {
        if (Descriptor >= 0)
            return;
        _attempts = 0;
        Begin();
    }

    /// <summary>The guard, who never says anything, has ended.</summary>
    public override void OnEvents(uint events, Instant now)
    {
        Drop();
        if (now - _since >= RealContact)
            _attempts = 0;
        Begin();
    }

    /// <summary>The process ends in order: all who waited have been told.</summary>
    public void Dispose()
    {
        byte word = GuardProtocol.InOrder;
        if (Descriptor >= 0)
            _ = Libc.send(Descriptor, &word, 1, Constants.MsgNosignal);
        Drop();
    }

    private void Begin()
    {
        if (_attempts++ >= MostAttempts)
            return;
        _name ??= options.FindName();
        Descriptor = GuardProtocol.Dial(_name);
        if (Descriptor < 0)
            Descriptor = StartOne(_name);
        if (Descriptor < 0)
            return;
        LoopTenant? program = loop.Serving;
        loop.Serving = null; // it is all hosts'
        bool isInContact = TryIntroduce() && loop.TryAdd(this, Constants.EpollIn | Constants.EpollRdhup);
        loop.Serving = program;
        if (isInContact)
            _since = loop.Now;
        else
            Drop();
    }

    /// <returns>A connection to it, or -1.</returns>
    private int StartOne(string name)
    {
        int* ends = stackalloc int[2];
        if (Libc.socketpair(Constants.AfUnix, Constants.SockStream | Constants.SockNonblock | Constants.SockCloexec, 0, ends) < 0)
            return -1;
        bool hasStarted = options.Start(name, ends[1]);
        _ = Libc.close(ends[1]);
        if (hasStarted)
            return ends[0];
        _ = Libc.close(ends[0]);
        return -1;
    }

    private bool TryIntroduce()
    {
        int self = Libc.pidfd_open(Environment.ProcessId);
        if (self < 0)
            return false;
        byte word = GuardProtocol.Watch;
        bool isSent = DescriptorPassing.Send(Descriptor, &word, 1, self) == 1;
        _ = Libc.close(self);
        return isSent;
    }

    private void Drop()
    {
        if (Descriptor < 0)
            return;
        loop.Remove(this);
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }
}
