using System.Runtime.InteropServices;

namespace Pyco.Shim;

/// <summary>
/// libc's own functions behind ours, found with <c>dlsym(RTLD_NEXT)</c>, so that other preloaded libraries keep their
/// turn and blocking calls stay cancellation points. Until they are found, each is the plain system call: dlsym may
/// allocate, and an allocator's start may be what called us. They set errno as usual.
/// </summary>
internal static unsafe partial class Next
{
    private const nint RtldNext = -1;

    private static delegate* unmanaged[SuppressGCTransition]<int, int, int, int> SocketPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, uint, int> BindPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, int, int> ListenPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, uint, int> ConnectPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, uint*, int, int> Accept4Pointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, uint*, int> GetSocketNamePointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, uint*, int> GetPeerNamePointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, int, int, byte*, uint*, int> GetOptionPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, int, int, byte*, uint, int> SetOptionPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, int, int> ShutdownPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, nuint, byte*, int> IoControlPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, nint, nint, nint, nint, int> ProcessControlPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, nuint, nint> ReadPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, IoVector*, int, nint> ReadVectorPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, nuint, int, byte*, uint*, nint> ReceiveFromPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, MessageHeader*, int, nint> ReceiveMessagePointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, MultiMessageHeader*, uint, int, TimeSpec*, int> ReceiveMessagesPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, nuint, int, byte*, uint, nint> SendToPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, MessageHeader*, int, nint> SendMessagePointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, MultiMessageHeader*, uint, int, int> SendMessagesPointer;

    private static delegate* unmanaged[SuppressGCTransition]<PollDescriptor*, nuint, int, int> PollPointer;
    private static delegate* unmanaged[SuppressGCTransition]<void> TestCancelPointer;

    /// <summary>glibc's __libc_single_threaded.</summary>
    private static byte* SingleThreadedPointer;

    /// <summary>clock_gettime(2), which needs no system call where the processor has a clock to read. Null until it is found.</summary>
    internal static delegate* unmanaged[SuppressGCTransition]<int, TimeSpec*, int> Clock { get; private set; }

    /// <summary>True if the process has no other thread.</summary>
    internal static bool IsSingleThreaded => SingleThreadedPointer != null && *SingleThreadedPointer != 0;

    internal static void* Symbol(ReadOnlySpan<byte> name)
    {
        fixed (byte* text = name)
            return dlsym(RtldNext, text);
    }

    /// <summary>
    /// A variable as the whole program sees it. An executable that uses one of libc's variables has a copy of its own,
    /// which is the one in use; libc's stays empty.
    /// </summary>
    internal static void* Variable(ReadOnlySpan<byte> name)
    {
        const nint anywhere = 0; // RTLD_DEFAULT
        fixed (byte* text = name)
            return dlsym(anywhere, text);
    }

    internal static void Resolve()
    {
        PollPointer = (delegate* unmanaged[SuppressGCTransition]<PollDescriptor*, nuint, int, int>)Symbol("poll"u8);
        SocketPointer = (delegate* unmanaged[SuppressGCTransition]<int, int, int, int>)Symbol("socket"u8);
        BindPointer = (delegate* unmanaged[SuppressGCTransition]<int, byte*, uint, int>)Symbol("bind"u8);
        ListenPointer = (delegate* unmanaged[SuppressGCTransition]<int, int, int>)Symbol("listen"u8);
        ConnectPointer = (delegate* unmanaged[SuppressGCTransition]<int, byte*, uint, int>)Symbol("connect"u8);
        Accept4Pointer = (delegate* unmanaged[SuppressGCTransition]<int, byte*, uint*, int, int>)Symbol("accept4"u8);
        GetSocketNamePointer = (delegate* unmanaged[SuppressGCTransition]<int, byte*, uint*, int>)Symbol("getsockname"u8);
        GetPeerNamePointer = (delegate* unmanaged[SuppressGCTransition]<int, byte*, uint*, int>)Symbol("getpeername"u8);
        GetOptionPointer = (delegate* unmanaged[SuppressGCTransition]<int, int, int, byte*, uint*, int>)Symbol("getsockopt"u8);
        SetOptionPointer = (delegate* unmanaged[SuppressGCTransition]<int, int, int, byte*, uint, int>)Symbol("setsockopt"u8);
        ShutdownPointer = (delegate* unmanaged[SuppressGCTransition]<int, int, int>)Symbol("shutdown"u8);
        IoControlPointer = (delegate* unmanaged[SuppressGCTransition]<int, nuint, byte*, int>)Symbol("ioctl"u8);
        ProcessControlPointer = (delegate* unmanaged[SuppressGCTransition]<int, nint, nint, nint, nint, int>)Symbol("prctl"u8);
        ReadPointer = (delegate* unmanaged[SuppressGCTransition]<int, byte*, nuint, nint>)Symbol("read"u8);
        ReadVectorPointer = (delegate* unmanaged[SuppressGCTransition]<int, IoVector*, int, nint>)Symbol("readv"u8);
        ReceiveFromPointer = (delegate* unmanaged[SuppressGCTransition]<int, byte*, nuint, int, byte*, uint*, nint>)Symbol("recvfrom"u8);
        ReceiveMessagePointer = (delegate* unmanaged[SuppressGCTransition]<int, MessageHeader*, int, nint>)Symbol("recvmsg"u8);
        ReceiveMessagesPointer = (delegate* unmanaged[SuppressGCTransition]<int, MultiMessageHeader*, uint, int, TimeSpec*, int>)Symbol("recvmmsg"u8);
        SendToPointer = (delegate* unmanaged[SuppressGCTransition]<int, byte*, nuint, int, byte*, uint, nint>)Symbol("sendto"u8);
        SendMessagePointer = (delegate* unmanaged[SuppressGCTransition]<int, MessageHeader*, int, nint>)Symbol("sendmsg"u8);
        SendMessagesPointer = (delegate* unmanaged[SuppressGCTransition]<int, MultiMessageHeader*, uint, int, int>)Symbol("sendmmsg"u8);
        TestCancelPointer = (delegate* unmanaged[SuppressGCTransition]<void>)Symbol("pthread_testcancel"u8);
        SingleThreadedPointer = (byte*)Variable("__libc_single_threaded"u8);
        Clock = (delegate* unmanaged[SuppressGCTransition]<int, TimeSpec*, int>)Symbol("clock_gettime"u8);
        ResolveExecute();
    }

    internal static int Socket(int family, int type, int protocol) => SocketPointer != null
        ? SocketPointer(family, type, protocol)
        : (int)SystemCall.Invoke(SystemCall.Socket, family, type, protocol);

    internal static int Bind(int fd, byte* address, uint length) => BindPointer != null
        ? BindPointer(fd, address, length)
        : (int)SystemCall.Invoke(SystemCall.Bind, fd, (nint)address, (nint)length);

    internal static int Listen(int fd, int backlog) => ListenPointer != null
        ? ListenPointer(fd, backlog)
        : (int)SystemCall.Invoke(SystemCall.Listen, fd, backlog, 0);

    internal static int Connect(int fd, byte* address, uint length) => ConnectPointer != null
        ? ConnectPointer(fd, address, length)
        : (int)SystemCall.Invoke(SystemCall.Connect, fd, (nint)address, (nint)length);

    internal static int Accept4(int fd, byte* address, uint* length, int flags) => Accept4Pointer != null
        ? Accept4Pointer(fd, address, length, flags)
        : (int)SystemCall.Invoke(SystemCall.Accept4, fd, (nint)address, (nint)length, flags);

    internal static int GetSocketName(int fd, byte* address, uint* length) => GetSocketNamePointer != null
        ? GetSocketNamePointer(fd, address, length)
        : (int)SystemCall.Invoke(SystemCall.GetSocketName, fd, (nint)address, (nint)length);

    internal static int GetPeerName(int fd, byte* address, uint* length) => GetPeerNamePointer != null
        ? GetPeerNamePointer(fd, address, length)
        : (int)SystemCall.Invoke(SystemCall.GetPeerName, fd, (nint)address, (nint)length);

    internal static int GetOption(int fd, int level, int name, byte* value, uint* length) => GetOptionPointer != null
        ? GetOptionPointer(fd, level, name, value, length)
        : (int)SystemCall.Invoke(SystemCall.GetSocketOption, fd, level, name, (nint)value, (nint)length);

    internal static int SetOption(int fd, int level, int name, byte* value, uint length) => SetOptionPointer != null
        ? SetOptionPointer(fd, level, name, value, length)
        : (int)SystemCall.Invoke(SystemCall.SetSocketOption, fd, level, name, (nint)value, (nint)length);

    internal static int Shutdown(int fd, int how) => ShutdownPointer != null
        ? ShutdownPointer(fd, how)
        : (int)SystemCall.Invoke(SystemCall.Shutdown, fd, how, 0);

    internal static int IoControl(int fd, nuint request, byte* argument) => IoControlPointer != null
        ? IoControlPointer(fd, request, argument)
        : (int)SystemCall.Invoke(SystemCall.IoControl, fd, (nint)request, (nint)argument);

    internal static int ProcessControl(int option, nint a, nint b, nint c, nint d) => ProcessControlPointer != null
        ? ProcessControlPointer(option, a, b, c, d)
        : (int)SystemCall.Invoke(SystemCall.ProcessControl, option, a, b, c, d);

    internal static nint Read(int fd, byte* buffer, nuint length) => ReadPointer != null
        ? ReadPointer(fd, buffer, length)
        : SystemCall.Invoke(SystemCall.Read, fd, (nint)buffer, (nint)length);

    internal static nint ReadVector(int fd, IoVector* vectors, int count) => ReadVectorPointer != null
        ? ReadVectorPointer(fd, vectors, count)
        : SystemCall.Invoke(SystemCall.ReadVector, fd, (nint)vectors, count);

    internal static nint ReceiveFrom(int fd, byte* buffer, nuint length, int flags, byte* address, uint* addressLength) => ReceiveFromPointer != null
        ? ReceiveFromPointer(fd, buffer, length, flags, address, addressLength)
        : SystemCall.Invoke(SystemCall.ReceiveFrom, fd, (nint)buffer, (nint)length, flags, (nint)address, (nint)addressLength);

    internal static nint ReceiveMessage(int fd, MessageHeader* message, int flags) => ReceiveMessagePointer != null
        ? ReceiveMessagePointer(fd, message, flags)
        : SystemCall.Invoke(SystemCall.ReceiveMessage, fd, (nint)message, flags);

    internal static int ReceiveMessages(int fd, MultiMessageHeader* messages, uint count, int flags, TimeSpec* timeout) => ReceiveMessagesPointer != null
        ? ReceiveMessagesPointer(fd, messages, count, flags, timeout)
        : (int)SystemCall.Invoke(SystemCall.ReceiveMessages, fd, (nint)messages, (nint)count, flags, (nint)timeout);

    internal static nint SendTo(int fd, byte* buffer, nuint length, int flags, byte* address, uint addressLength) => SendToPointer != null
        ? SendToPointer(fd, buffer, length, flags, address, addressLength)
        : SystemCall.Invoke(SystemCall.SendTo, fd, (nint)buffer, (nint)length, flags, (nint)address, (nint)addressLength);

    internal static nint SendMessage(int fd, MessageHeader* message, int flags) => SendMessagePointer != null
        ? SendMessagePointer(fd, message, flags)
        : SystemCall.Invoke(SystemCall.SendMessage, fd, (nint)message, flags);

    internal static int SendMessages(int fd, MultiMessageHeader* messages, uint count, int flags) => SendMessagesPointer != null
        ? SendMessagesPointer(fd, messages, count, flags)
        : (int)SystemCall.Invoke(SystemCall.SendMessages, fd, (nint)messages, (nint)count, flags);

    /// <summary>Ends a thread that is to be cancelled, where a call would do it whose work needs no call of libc's.</summary>
    internal static void TestCancel()
    {
        if (TestCancelPointer != null)
            TestCancelPointer();
    }

    /// <summary>Waits for one descriptor: 1, 0 after the timeout (-1: none), or -1 when a signal came.</summary>
    internal static int Poll(int fd, short events, int timeoutMilliseconds, out short returned)
    {
        PollDescriptor descriptor = new() { Descriptor = fd, Events = events };
        int* errno = LibcError.Location();
        int before = *errno;
        int ready = PollPointer(&descriptor, 1, timeoutMilliseconds);
        *errno = before;
        returned = descriptor.Returned;
        return ready;
    }

    [DllImport("libc"), SuppressGCTransition]
    private static extern void* dlsym(nint handle, byte* name);
}
