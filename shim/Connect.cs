using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>connect(2) on TCP sockets, and on UDP sockets by way of <see cref="DatagramPeer"/>.</summary>
internal static unsafe class Connect
{
    [UnmanagedCallersOnly(EntryPoint = "connect")]
    public static int Export(int fd, byte* address, uint length) => To(fd, address, length);

    /// <summary>Another name of connect() in glibc.</summary>
    [UnmanagedCallersOnly(EntryPoint = "__connect")]
    public static int UnderscoreConnect(int fd, byte* address, uint length) => To(fd, address, length);

    private static int To(int fd, byte* address, uint length)
    {
        Startup.Ensure();
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return Next.Connect(fd, address, length);
        Errno error = SocketAddress.Check(address, length);
        if (error != Errno.None)
            return LibcError.Answer(error);
        return LibcError.Answer((state & SocketState.Datagram) != 0
            ? DatagramPeer.Connect(fd, state, address, length)
            : Stream(fd, state, address, length));
    }

    /// <summary>connect(2) on a TCP socket.</summary>
    /// <param name="fd">A TCP socket of ours.</param>
    /// <param name="state">Its state.</param>
    /// <param name="address">Where to.</param>
    /// <param name="length">Of the address.</param>
    /// <param name="mayWait">False to begin only, as a socket that does not block does.</param>
    internal static Errno Stream(int fd, SocketState state, byte* address, uint length, bool mayWait = true)
    {
        if (address == null)
            return Errno.EFAULT;
        if (length < sizeof(ushort))
            return Errno.EINVAL;
        if (SocketAddress.Family(address, length) == AfUnspec)
            return Dissolve(fd, state);
        if ((state & SocketState.Established) != 0)
            return Errno.EISCONN;
        if ((state & SocketState.Listening) != 0)
            return Errno.EISCONN;
        if ((state & SocketState.Connecting) != 0)
            return Again(fd, state, address, length, mayWait);
        Request request = default;
        Errno error = SocketAddress.Read(address, length, state, &request.Address);
        return error == Errno.None ? Begin(fd, state, &request, mayWait) : error;
    }

    private static Errno Begin(int fd, SocketState state, Request* request, bool mayWait)
    {
        ReplaceAnyByLoopback(&request->Address);
        request->Operation = Operation.Connect;
        request->Flags = Bind.RequestFlagsOf(fd, state);
        Errno error = HostRequest.ConnectToHost(fd, datagrams: false);
        if (error != Errno.None)
            return error;
        int sendBuffer = SendBuffer.Shrink(fd, ref state);
        state |= SocketState.Known | SocketState.Connecting;
        Descriptor.SetState(fd, state);
        error = Filler.SendRequest(fd, request, sendBuffer);
        if (error != Errno.None)
            return error;
        return !mayWait || Descriptor.IsNonBlocking(fd) ? Errno.EINPROGRESS : Await(fd);
    }

    /// <summary>A connect to 0.0.0.0 goes to this host itself (ip_route_output_key_hash_rcu in net/ipv4/route.c).</summary>
    internal static void ReplaceAnyByLoopback(WireAddress* address)
    {
        if (!SocketAddress.IsAny(address))
            return;
        if (address->Family == AfInet || SocketAddress.IsMapped(address->Octets))
        {
            address->Octets[12] = 127;
            address->Octets[15] = 1;
        }
        else
        {
            address->Octets[15] = 1;
        }
    }

    /// <summary>
    /// Waits until the handshake has ended: POLLOUT is off until then, because the filler waits to be read. The wait is
    /// libc's poll, thus a cancellation point as connect is.
    /// </summary>
    private static Errno Await(int fd)
    {
        long timeout = Descriptor.TimeoutMilliseconds(fd, SoSndTimeo);
        long begin = Kernel.Milliseconds();
        while (true)
        {
            long left = timeout < 0 ? -1 : timeout - (Kernel.Milliseconds() - begin);
            if (timeout >= 0 && left <= 0)
                return Errno.EINPROGRESS; // SO_SNDTIMEO ran out (socket(7))
            int ready = Next.Poll(fd, PollOut, (int)(left > int.MaxValue ? int.MaxValue : left), out short events);
            if (ready > 0)
                return Finish(fd, events);
            if (ready < 0 && (timeout >= 0 || !Signals.AllRestart()))
                return Errno.EINTR;
        }
    }

    /// <summary>The handshake has ended, well or not, unless <paramref name="events"/> are a mere suspicion of it.</summary>
    private static Errno Finish(int fd, short events)
    {
        if ((events & (PollErr | PollHup)) != 0)
        {
            Errno error = StreamError.Ask(fd);
            if (error != Errno.None)
                return error;
        }

        // Read anew: during the wait another thread may have set options, or closed the socket.
        if (Descriptor.IsOurStream(fd, out SocketState state) && (state & SocketState.Connecting) != 0)
            Descriptor.SetState(fd, SendBuffer.Restore(fd, state) | SocketState.Established);
        return Errno.None;
    }

    /// <summary>connect() on a socket that has begun to connect before.</summary>
    private static Errno Again(int fd, SocketState state, byte* address, uint length, bool mayWait)
    {
        short events = (short)Kernel.PollNow(fd, PollOut);
        if ((events & (PollErr | PollHup)) != 0)
        {
            Errno error = StreamError.Ask(fd);
            return error != Errno.None ? error : Renew(fd, state, address, length, mayWait);
        }

        if ((events & PollOut) != 0)
            return Finish(fd, events);
        return !mayWait || Descriptor.IsNonBlocking(fd) ? Errno.EALREADY : Await(fd);
    }

    /// <summary>
    /// The last attempt failed and the program knows it; Linux lets it try again with the same socket. An AF_UNIX
    /// socket is spent after one connect, so a fresh one takes its number. Duplicates and epoll registrations keep the
    /// old one: compatibility.md tells.
    /// </summary>
    private static Errno Renew(int fd, SocketState state, byte* address, uint length, bool mayWait)
    {
        SocketState fresh = state &
            (SocketState.V6 | SocketState.NoDelay | SocketState.Inherits | SocketState.HasOptions);
        bool closesOnExec = (Kernel.FileControl(fd, FGetFd, 0) & 1) != 0;
        bool isNonBlocking = Descriptor.IsNonBlocking(fd);
        int socket = Socket.Open(fresh, SockCloexec | (isNonBlocking ? SockNonblock : 0));
        if (socket < 0)
            return (Errno)(-socket);
        Accept.InheritOption(fd, socket, SoRcvTimeo);
        Accept.InheritOption(fd, socket, SoSndTimeo);
        Accept.InheritOption(fd, socket, SoKeepAlive);
        Accept.InheritOption(fd, socket, SoLinger);
        Accept.InheritOption(fd, socket, SoReuseAddr);
        int result = Kernel.Duplicate(socket, fd, closesOnExec ? SockCloexec : 0);
        _ = Kernel.Close(socket);
        return result < 0 ? (Errno)(-result) : Stream(fd, fresh, address, length, mayWait);
    }

    /// <summary>connect(AF_UNSPEC) gives a TCP connection up; the AF_UNIX socket cannot be used for another one.</summary>
    private static Errno Dissolve(int fd, SocketState state)
    {
        if ((state & SocketState.Listening) != 0)
            return StreamShutdown.Listener(fd, state);
        if ((state & (SocketState.Connecting | SocketState.Accepted)) == 0)
            return Errno.None;
        _ = Kernel.Shutdown(fd, ShutRdwr);
        Descriptor.SetState(fd, (state & ~SocketState.Established) | SocketState.Dissolved);
        return Errno.None;
    }
}
