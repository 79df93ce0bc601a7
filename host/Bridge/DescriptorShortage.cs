using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>The kernel had no descriptor or memory for us: counts it, and tells the user, who alone can change that.</summary>
internal sealed class DescriptorShortage(Action<string> log)
{
    /// <summary>What a few requests need at the same time: the connection, the attached socket, one to ask for a name.</summary>
    private const int KeptForRequests = 6;

    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    private Instant? _toldAt;
    private int _highest;
    private ulong _limit;

    /// <summary>How often it happened.</summary>
    public long Count { get; private set; }

    /// <summary>True for what passes when others close something, in contrast to what is wrong for good.</summary>
    public static bool Is(Errno error) => error is Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM;

    /// <summary>
    /// Whether there are few behind this one: the kernel gives the lowest free number. The limit may change at any time,
    /// but who lowers it below what is in use cannot be obeyed anyway: it is asked for when the number is a new highest one.
    /// </summary>
    public bool IsAmongLast(int descriptor)
    {
        ulong needed = (ulong)(descriptor + KeptForRequests);
        if (descriptor > _highest || needed >= _limit)
            (_highest, _limit) = (descriptor, OpenFilesLimit.Soft);
        return needed >= _limit;
    }

    /// <summary>Whether the next descriptor would be one of these, or of so many others.</summary>
    public static bool AreOnlyLastFree(int kept = KeptForRequests)
    {
        int next = Libc.eventfd(0, Constants.SockCloexec); // EFD_CLOEXEC has the same value
        if (next < 0)
            return true;
        _ = Libc.close(next);
        return (ulong)(next + kept) >= OpenFilesLimit.Soft;
    }

    public void Note(Instant now)
    {
        Count++;
        if (now - _toldAt < Silence)
            return;
        _toldAt = now;
        log("out of file descriptors: new sockets have to wait or fail until others are closed (see ulimit -n)");
    }
}
