using System.Runtime.InteropServices;

namespace Pyco.Posix;

/// <summary>The calls that a process makes about itself and others.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsid();

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int chdir([MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, nint mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int prctl(int option, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    [LibraryImport("libc")]
    internal static partial int gettid();

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tgkill(int process, int thread, int signal);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getrlimit(int resource, ResourceLimit* limit);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setrlimit(int resource, ResourceLimit* limit);

    /// <summary>The thread whose id is given, or the calling one if that is zero.</summary>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_getaffinity(int thread, nuint length, void* processors);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_setaffinity(int thread, nuint length, void* processors);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_wait(int epoll, void* events, int capacity, int timeoutMilliseconds);

    // The structure's layout differs between architectures (see EpollEvents), hence no typed pointers here.
    [LibraryImport("libc", SetLastError = true, EntryPoint = "epoll_ctl")]
    internal static partial int epoll_control(int epoll, int operation, int fd, void* change);

    [LibraryImport("libc", SetLastError = true, EntryPoint = "epoll_pwait2")]
    internal static partial int epoll_wait_precisely(int epoll, void* events, int capacity, TimeSpec* timeout, void* mask);
}

[StructLayout(LayoutKind.Sequential)]
internal struct ResourceLimit
{
    public ulong Soft;
    public ulong Hard;
}
