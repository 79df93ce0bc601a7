using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>accept(2) and accept4(2): the kernel's own, with the peer's address taken from the connecting name.</summary>
internal static unsafe class Accept
{
    [UnmanagedCallersOnly(EntryPoint = "accept")]
    public static int Export(int fd, byte* address, uint* length) => Take(fd, address, length, 0);

    [UnmanagedCallersOnly(EntryPoint = "accept4")]
    public static int ExportWithFlags(int fd, byte* address, uint* length, int flags) => Take(fd, address, length, flags);

    private static int Take(int fd, byte* address, uint* length, int flags)
    {
        Startup.Ensure();
        if (!Descriptor.IsOurs(fd, out SocketState listener))
            return Next.Accept4(fd, address, length, flags);
        if ((listener & SocketState.Datagram) != 0)
            return LibcError.Answer(Errno.EOPNOTSUPP);
        if (address != null && length == null)
            return LibcError.Answer(Errno.EFAULT);
        const SocketState ended = SocketState.Listening | SocketState.ReadShut;
        if ((address != null && (int)*length < 0) || (listener & ended) == ended)
            return LibcError.Answer(Errno.EINVAL);
        while (true)
        {
            UnixAddress name;
            uint nameLength = (uint)sizeof(UnixAddress);
            int accepted = Next.Accept4(fd, (byte*)&name, &nameLength, flags);
            if (accepted < 0)
                return AfterFailure(fd);
            WireAddress local;
            WireAddress remote;
            if (IsFromHost(accepted) && SocketName.TryReadConnection(&name, nameLength, &local, &remote))
            {
                Inherit(fd, accepted, listener);
                if (address != null)
                    SocketAddress.Write(&remote, listener, address, length);
                return accepted;
            }

            // Anybody on the machine may connect to an abstract name; such a caller must never pass for a TCP peer.
            _ = Kernel.Close(accepted);
            // He may have come to wake us because the host has ended. Whether that is so, the kernel knows.
            if (!HostRequest.IsHostThere())
                return AfterHost(fd);
        }
    }

    /// <summary>
    /// No connection will come any more. Who waits in accept() is one of perhaps many: the kernel wakes all, for ever.
    /// A listener that does not block is told once and then silent, because a program that goes on polling, as most do
    /// after an error of accept(), must not be kept busy by it.
    /// </summary>
    private static int AfterHost(int fd)
    {
        if (!Descriptor.IsNonBlocking(fd))
            _ = Kernel.Shutdown(fd, ShutRdwr);
        return LibcError.Answer(Errno.ENETDOWN);
    }

    /// <summary>The kernel's error stays, unless it is there because <see cref="AfterHost"/> has shut the listener down.</summary>
    private static int AfterFailure(int fd)
    {
        if (*LibcError.Location() != (int)Errno.EINVAL || !Descriptor.IsOurStream(fd, out SocketState now) ||
            (now & (SocketState.Listening | SocketState.ReadShut)) != SocketState.Listening ||
            (Kernel.PollNow(fd, PollIn) & PollHup) == 0)
            return -1;
        if (!Descriptor.IsNonBlocking(fd))
            StackHost.WaitBeforeTelling();
        return LibcError.Answer(Errno.ENETDOWN);
    }

    private static bool IsFromHost(int accepted)
    {
        Credentials peer = default;
        uint length = (uint)sizeof(Credentials);
        return Kernel.GetOption(accepted, SolSocket, SoPeercred, &peer, &length) >= 0 &&
            peer.Process == StackHost.ProcessId && peer.Process != 0;
    }

    /// <summary>An accepted TCP socket has its listener's options (tcp_create_openreq_child); an AF_UNIX one has not.</summary>
    private static void Inherit(int listener, int accepted, SocketState state)
    {
        const SocketState kept =
            SocketState.V6 | SocketState.NoDelay | SocketState.Inherits | SocketState.HasOptions;
        Descriptor.SetState(accepted, (state & kept) | SocketState.Accepted | SocketState.Known | SocketState.Established);
        BusyPolling.NoteSocket(accepted);
        if ((state & SocketState.Inherits) == 0)
            return;
        InheritOption(listener, accepted, SoRcvTimeo);
        InheritOption(listener, accepted, SoSndTimeo);
        InheritOption(listener, accepted, SoKeepAlive);
        InheritOption(listener, accepted, SoLinger);
        InheritOption(listener, accepted, SoPriority);
        InheritOption(listener, accepted, SoOobInline);
    }

    internal static void InheritOption(int from, int to, int option)
    {
        TimeSpec value; // the largest of these options' values
        uint length = (uint)sizeof(TimeSpec);
        if (Kernel.GetOption(from, SolSocket, option, &value, &length) >= 0)
            _ = Kernel.SetOption(to, SolSocket, option, &value, length);
    }
}
