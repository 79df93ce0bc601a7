using System.Runtime.InteropServices;
using Pyco.Stack;
using static Pyco.Posix.Constants;

namespace Pyco.Shim;

/// <summary>
/// System calls for the shim's own use. They go past libc's functions (which are ours: we would call ourselves), never
/// allocate, are no cancellation points and leave errno alone. Each returns -errno on failure.
/// </summary>
internal static unsafe class Kernel
{
    private const int Monotonic = 1; // CLOCK_MONOTONIC

    internal static int Socket(int family, int type, int protocol) =>
        (int)Call(SystemCall.Socket, family, type, protocol);

    internal static int Bind(int fd, void* address, uint length) => (int)Call(SystemCall.Bind, fd, (nint)address, (nint)length);

    internal static int Connect(int fd, void* address, uint length) =>
        (int)Call(SystemCall.Connect, fd, (nint)address, (nint)length);

    internal static int Listen(int fd, int backlog) => (int)Call(SystemCall.Listen, fd, backlog);

    internal static int GetLocalName(int fd, void* address, uint* length) =>
        (int)Call(SystemCall.GetSocketName, fd, (nint)address, (nint)length);

    internal static int GetPeerName(int fd, void* address, uint* length) =>
        (int)Call(SystemCall.GetPeerName, fd, (nint)address, (nint)length);

    internal static int GetOption(int fd, int level, int name, void* value, uint* length) =>
        (int)Call(SystemCall.GetSocketOption, fd, level, name, (nint)value, (nint)length);

    internal static int SetOption(int fd, int level, int name, void* value, uint length) =>
        (int)Call(SystemCall.SetSocketOption, fd, level, name, (nint)value, (nint)length);

    internal static int Shutdown(int fd, int how) => (int)Call(SystemCall.Shutdown, fd, how);

    internal static int Close(int fd) => (int)Call(SystemCall.Close, fd);

    internal static nint SendMessage(int fd, MessageHeader* message, int flags) =>
        Call(SystemCall.SendMessage, fd, (nint)message, flags);

    internal static nint ReceiveMessage(int fd, MessageHeader* message, int flags) =>
        Call(SystemCall.ReceiveMessage, fd, (nint)message, flags);

    internal static nint Receive(int fd, void* buffer, nuint length, int flags) =>
        Call(SystemCall.ReceiveFrom, fd, (nint)buffer, (nint)length, flags);

    internal static nint Read(int fd, void* buffer, nuint length) =>
        Call(SystemCall.Read, fd, (nint)buffer, (nint)length);

    internal static int Control(int fd, nuint request, void* argument) =>
        (int)Call(SystemCall.IoControl, fd, (nint)request, (nint)argument);

    internal static int FileControl(int fd, int command, nint argument) =>
        (int)Call(SystemCall.FileControl, fd, command, argument);

    /// <summary>eventfd(2): the cheapest descriptor there is.</summary>
    internal static int NewEventDescriptor() => (int)Call(SystemCall.EventDescriptor, 0, SockCloexec); // EFD_CLOEXEC has the same value

    internal static int Duplicate(int from, int to, int flags) => (int)Call(SystemCall.Duplicate3, from, to, flags);

    /// <summary>Opens a file for reading, with close-on-exec.</summary>
    internal static int Open(byte* path)
    {
        const int currentFolder = -100;
        return (int)Call(SystemCall.OpenAt, currentFolder, (nint)path, SockCloexec);
    }

    internal static int SignalAction(int signal, KernelSignalAction* current) =>
        (int)Call(SystemCall.SignalAction, signal, 0, (nint)current, sizeof(ulong));

    /// <summary>Lets all signals of this thread wait but those that tell of its faults.</summary>
    /// <returns>Which ones did before.</returns>
    internal static ulong BlockSignals()
    {
        const int block = 0; // SIG_BLOCK
        const ulong faults = 0x4000_04d8; // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS
        ulong blocked = ~faults;
        ulong before = 0;
        _ = Call(SystemCall.SignalMask, block, (nint)(&blocked), (nint)(&before), sizeof(ulong));
        return before;
    }

    internal static void SetSignalMask(ulong mask)
    {
        const int setMask = 2; // SIG_SETMASK
        _ = Call(SystemCall.SignalMask, setMask, (nint)(&mask), 0, sizeof(ulong));
    }

    /// <summary>Which signals have come that wait until they are let in again; signal n is bit n - 1.</summary>
    internal static ulong PendingSignals()
    {
        ulong pending = 0;
        _ = Call(SystemCall.PendingSignals, (nint)(&pending), sizeof(ulong));
        return pending;
    }

    /// <summary>Memory of the process's own, in whole pages; -errno on failure.</summary>
    internal static nint MapMemory(nuint length)
    {
        const int readWrite = 3; // PROT_READ | PROT_WRITE
        const int privateAnonymous = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS
        return Call(SystemCall.MapMemory, 0, (nint)length, readWrite, privateAnonymous, -1);
    }

    /// <summary>Memory shared with others, at the given address in place of what is mapped there, or anywhere for 0.</summary>
    internal static nint MapShared(nint address, nuint length, int fd)
    {
        const int readWrite = 3; // PROT_READ | PROT_WRITE
        const int shared = 1; // MAP_SHARED
        const int replacing = 0x10; // MAP_FIXED
        return Call(SystemCall.MapMemory, address, (nint)length, readWrite, address == 0 ? shared : shared | replacing, fd);
    }

    internal static void UnmapMemory(nint address, nuint length) =>
        _ = Call(SystemCall.UnmapMemory, address, (nint)length);

    internal static int UnixName(UnixName* names) => (int)Call(SystemCall.UnixName, (nint)names);

    internal static int Yield() => (int)Call(SystemCall.Yield);

    /// <summary>
    /// Nanoseconds of a clock that nobody sets, quickly. What is waited for by it needs another end, too: testers preload clocks that stand
    /// still.
    /// </summary>
    internal static long Nanoseconds()
    {
        TimeSpec now;
        if (Next.Clock == null || Next.Clock(Monotonic, &now) < 0)
            _ = Call(SystemCall.ClockGetTime, Monotonic, (nint)(&now));
        return (now.Seconds * 1_000_000_000) + now.Nanoseconds;
    }

    /// <summary>Milliseconds of the same clock, by the kernel itself.</summary>
    internal static long Milliseconds()
    {
        TimeSpec now;
        _ = Call(SystemCall.ClockGetTime, Monotonic, (nint)(&now));
        return (now.Seconds * 1000) + (now.Nanoseconds / 1_000_000);
    }

    /// <summary>Whether the process has given up getting new privileges, without which it might not filter its system calls.</summary>
    internal static bool HasNoNewPrivileges()
    {
        const int getNoNewPrivileges = 39; // PR_GET_NO_NEW_PRIVS
        return Call(SystemCall.ProcessControl, getNoNewPrivileges) == 1;
    }

    internal static void FillRandom(void* octets, nuint length) => _ = Call(SystemCall.GetRandom, (nint)octets, (nint)length);

    /// <summary>RLIMIT_NOFILE: sets it unless null, and tells what it was unless null.</summary>
    internal static int OpenFilesLimit(ResourceLimit* change, ResourceLimit* before)
    {
        const int numberOfFiles = 7; // RLIMIT_NOFILE
        return (int)Call(SystemCall.ResourceLimit, 0, numberOfFiles, (nint)change, (nint)before);
    }

    /// <summary>What poll(2) says about one descriptor without waiting, or 0, also where it fails.</summary>
    internal static int PollNow(int fd, short events)
    {
        PollDescriptor descriptor = new() { Descriptor = fd, Events = events };
        return PollNow(&descriptor, 1) > 0 ? descriptor.Returned : 0;
    }

    /// <summary>What poll(2) says about some descriptors without waiting; -errno on failure.</summary>
    internal static int PollNow(PollDescriptor* descriptors, int count)
    {
        while (true)
        {
            TimeSpec timeout = default;
            int ready = (int)Call(SystemCall.PollWithMask, (nint)descriptors, count, (nint)(&timeout));

            // Also one who does not wait is told of a signal that comes just then, and of nothing else.
            if (ready != -(int)Errno.EINTR)
                return ready;
        }
    }

    /// <summary>What poll(2) says about one descriptor after at most the given time, or 0; -errno on failure.</summary>
    internal static int Poll(int fd, short events, int timeoutMilliseconds)
    {
        PollDescriptor descriptor = new() { Descriptor = fd, Events = events };
        TimeSpec timeout = new()
        {
            Seconds = timeoutMilliseconds / 1000,
            Nanoseconds = timeoutMilliseconds % 1000 * 1_000_000L,
        };
        int ready = (int)Call(SystemCall.PollWithMask, (nint)(&descriptor), 1, (nint)(&timeout));
        return ready > 0 ? descriptor.Returned : ready;
    }

    private static nint Call(int number, nint a = 0, nint b = 0, nint c = 0, nint d = 0, nint e = 0, nint f = 0)
    {
        int* errno = LibcError.Location();
        int before = *errno;
        nint result = SystemCall.Invoke(number, a, b, c, d, e, f);
        if (result != -1)
            return result;
        result = -*errno;
        *errno = before;
        return result;
    }
}

/// <summary>libc's errno of this thread.</summary>
internal static unsafe class LibcError
{
    /// <summary>The way a libc call ends: 0 for no error, else errno and -1.</summary>
    internal static int Answer(Stack.Errno error) => (int)Answer(-(nint)(int)error);

    /// <summary>The way a libc call ends: a result, or -errno which becomes errno and -1.</summary>
    internal static nint Answer(nint resultOrError)
    {
        if (resultOrError >= 0)
            return resultOrError;
        *Location() = (int)-resultOrError;
        return -1;
    }

    internal static int* Location() => __errno_location();

    [DllImport("libc"), SuppressGCTransition]
    private static extern int* __errno_location();
}
