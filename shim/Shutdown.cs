using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;

namespace Pyco.Shim;

/// <summary>shutdown(2): mostly the kernel's own, which the host sees at its end.</summary>
internal static unsafe class StreamShutdown
{
    [UnmanagedCallersOnly(EntryPoint = "shutdown")]
    public static int Export(int fd, int how)
    {
        Startup.Ensure();
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return Next.Shutdown(fd, how);
        if (how is not (ShutRd or ShutWr or ShutRdwr))
            return LibcError.Answer(Errno.EINVAL);
        return LibcError.Answer((state & SocketState.Datagram) != 0 ? Datagram(fd, state, how) : Stream(fd, state, how));
    }

    private static Errno Stream(int fd, SocketState state, int how)
    {
        const SocketState ended = SocketState.Listening | SocketState.ReadShut;
        if ((state & ended) == ended)
            return Errno.ENOTCONN;
        if ((state & SocketState.Listening) != 0)
            return how == ShutWr ? Errno.None : Listener(fd, state);
        if ((state & (SocketState.Connecting | SocketState.Accepted)) == 0)
        {
            if (!SocketName.LeadsToOurHost(fd))
                return Errno.ENOTCONN;
            state |= SocketState.Connecting | SocketState.Known; // another thread is in Options.SetState
        }

        if (how != ShutWr)
            state |= SocketState.ReadShut;
        if (how != ShutRd)
            state |= SocketState.WriteShut;
        Descriptor.SetState(fd, state);

        // The host must not see SHUT_RD: a TCP peer never learns of it, and data that still comes is read and lost.
        return how == ShutRd ? ReadingSide(fd) : KernelShutdown(fd, how);
    }

    private static Errno ReadingSide(int fd) => KernelShutdown(fd, ShutRd);

    /// <summary>Wakes accept(), which then says EINVAL, and stops the listener.</summary>
    internal static Errno Listener(int fd, SocketState state)
    {
        Descriptor.SetState(fd, state | SocketState.ReadShut);
        Errno error = KernelShutdown(fd, ShutRdwr);
        Reply reply;
        _ = HostRequest.Ask(fd, Operation.Shutdown, ShutRdwr, &reply);
        return error;
    }

    /// <summary>
    /// UDP knows shutdown only when connected, but who waits to receive is woken in any case (inet_shutdown, 6.1). The host must not see
    /// both directions end, which means that the program has closed the socket; so it does not hear of the writing side.
    /// </summary>
    private static Errno Datagram(int fd, SocketState state, int how)
    {
        if (how != ShutRd)
            Descriptor.SetState(fd, state | SocketState.WriteShut);
        if (how != ShutWr)
            _ = ReadingSide(fd);
        return (state & SocketState.Connecting) != 0 ? Errno.None : Errno.ENOTCONN;
    }

    private static Errno KernelShutdown(int fd, int how)
    {
        if (how != ShutWr)
            BusyPolling.NoteShutdown(fd);
        int result = Kernel.Shutdown(fd, how);

        // The host has closed already, as after a reset: Linux says ENOTCONN too (inet_shutdown, TCP_CLOSE).
        return result < 0 ? (Errno)(-result) : Errno.None;
    }
}
