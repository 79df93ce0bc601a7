using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests.Testing;

/// <summary>What the tests ask the kernel for.</summary>
internal static unsafe class Kernel
{
    private static readonly string[] Counted = ["socket:", "anon_inode:", "/memfd:pyco"];

    public static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>
    /// How many descriptors of the kinds that hosts and their clients hold are open in this process. Files do not count:
    /// the runtime opens and closes them as it likes.
    /// </summary>
    public static int OpenDescriptors => Directory.GetFileSystemEntries("/proc/self/fd").Count(IsCounted);

    /// <summary>The result of a system call that must not fail.</summary>
    public static int Check(int result) => result >= 0 ? result : throw SystemCallException.Last("a system call of the test");

    public static int NewUnixSocket(int type) =>
        Check(Libc.socket(Constants.AfUnix, type | Constants.SockCloexec | Constants.SockNonblock, 0));

    public static ulong Cookie(int descriptor)
    {
        ulong cookie;
        uint length = sizeof(ulong);
        Check(Libc.getsockopt(descriptor, Constants.SolSocket, OptionNumbers.SoCookie, &cookie, &length));
        return cookie;
    }

    /// <summary>The POLL* bits of this moment.</summary>
    public static short Poll(int descriptor, short interest)
    {
        PollDescriptor poll = new() { Descriptor = descriptor, Events = interest };
        Check(Libc.poll(&poll, 1, 0));
        return poll.Returned;
    }

    private static bool IsCounted(string entry)
    {
        string? target = new FileInfo(entry).LinkTarget;
        return target is not null &&
            Counted.Any(kind => target.StartsWith(kind, StringComparison.Ordinal));
    }
}
