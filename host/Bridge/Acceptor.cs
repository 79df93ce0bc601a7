using System.Runtime.InteropServices;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>One of the host's listening sockets.</summary>
internal sealed unsafe class Acceptor : EventSource, IDisposable
{
    /// <summary>What is accepted before others have their turn: somebody who connects without end must not stop them.</summary>
    private const int ConnectionsPerTurn = 64;

    /// <summary>
    /// How long not to look when there is no descriptor. The kernel would report the waiting connection again at once,
    /// and the loop would spin.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly EventLoop _loop;
    private readonly Action<int, Instant> _accepted;
    private readonly Func<Acceptor, Instant, Errno> _tryInShortage;
    private Instant? _resumesAt;

    /// <param name="loop">Watches the socket.</param>
    /// <param name="name">Its name.</param>
    /// <param name="type">SOCK_STREAM or SOCK_SEQPACKET.</param>
    /// <param name="backlog">How many connections the kernel holds for it.</param>
    /// <param name="accepted">Takes each descriptor.</param>
    /// <param name="tryInShortage">Called when there is no descriptor; answers as <see cref="TryAccept"/> does.</param>
    /// <exception cref="SystemCallException">The name is taken, or the kernel is out of something.</exception>
    public Acceptor(
        EventLoop loop,
        in UnixAddress name,
        int type,
        int backlog,
        Action<int, Instant> accepted,
        Func<Acceptor, Instant, Errno> tryInShortage)
        : this(loop, Listen(name, type, backlog), accepted, tryInShortage)
    {
    }

    /// <param name="loop">Watches the socket.</param>
    /// <param name="listening">A listening socket that does not block, which is the acceptor's from now on.</param>
    /// <param name="accepted">Takes each descriptor.</param>
    /// <param name="tryInShortage">Called when there is no descriptor; answers as <see cref="TryAccept"/> does.</param>
    public Acceptor(
        EventLoop loop, int listening, Action<int, Instant> accepted, Func<Acceptor, Instant, Errno> tryInShortage)
    {
        _loop = loop;
        _accepted = accepted;
        _tryInShortage = tryInShortage;
        Descriptor = listening;
        loop.Add(this, Constants.EpollIn);
    }

    /// <summary>Whether to leave the last descriptors to the requests of our programs.</summary>
    public bool LeavesTheLast { get; init; }

    public override void OnEvents(uint events, Instant now) => AcceptAll(ConnectionsPerTurn, now);

    /// <summary>Accepts what waits, at most so many.</summary>
    public void AcceptAll(int most, Instant now)
    {
        for (int left = most; left > 0; left--)
        {
            Errno error = TryAccept(now);
            if (DescriptorShortage.Is(error)) // which the kernel says even if nobody waits
                error = _tryInShortage(this, now);
            if (error == Errno.EAGAIN)
                return;
            if (DescriptorShortage.Is(error))
            {
                _loop.SetInterest(this, 0);
                _resumesAt = now + Pause;
                return;
            }
        }
    }

    /// <summary>Accepts one connection.</summary>
    /// <returns>None, EAGAIN when none waits, or another error of accept(2).</returns>
    public Errno TryAccept(Instant now)
    {
        if (LeavesTheLast && DescriptorShortage.AreOnlyLastFree())
            return Errno.EMFILE;
        int descriptor = Libc.accept4(Descriptor, null, null, Constants.SockNonblock | Constants.SockCloexec);
        if (descriptor < 0)
            return (Errno)Marshal.GetLastPInvokeError();
        _accepted(descriptor, now);
        return Errno.None;
    }

    /// <summary>Looks again after a pause.</summary>
    /// <returns>When that will be, or null.</returns>
    public Instant? Advance(Instant now)
    {
        if (now >= _resumesAt)
            Resume();
        return _resumesAt;
    }

    /// <summary>Ends the pause, if there is one.</summary>
    public void Resume()
    {
        _resumesAt = null;
        _loop.SetInterest(this, Constants.EpollIn);
    }

    public void Dispose()
    {
        _loop.Remove(this);
        _ = Libc.close(Descriptor);
    }

    private static int Listen(in UnixAddress name, int type, int backlog)
    {
        int descriptor = Libc.socket(Constants.AfUnix, type | Constants.SockNonblock | Constants.SockCloexec, 0);
        if (descriptor >= 0 && UnixAddress.Bind(descriptor, name) == 0 && Libc.listen(descriptor, backlog) == 0)
            return descriptor;
        SystemCallException failure = SystemCallException.Last("listen");
        if (descriptor >= 0)
            _ = Libc.close(descriptor);
        throw failure;
    }
}
