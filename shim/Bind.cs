using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>bind(2) and listen(2).</summary>
internal static unsafe class Bind
{
    [UnmanagedCallersOnly(EntryPoint = "bind")]
    public static int Export(int fd, byte* address, uint length)
    {
        Startup.Ensure();
        return Descriptor.IsOurs(fd, out SocketState state)
            ? LibcError.Answer(ToAddress(fd, state, address, length))
            : Next.Bind(fd, address, length);
    }

    [UnmanagedCallersOnly(EntryPoint = "listen")]
    public static int ExportListen(int fd, int backlog)
    {
        Startup.Ensure();
        return Descriptor.IsOurs(fd, out SocketState state)
            ? LibcError.Answer(Listen(fd, state, backlog))
            : Next.Listen(fd, backlog);
    }

    private static Errno ToAddress(int fd, SocketState state, byte* address, uint length)
    {
        Request request = default;
        Errno error = SocketAddress.Check(address, length);
        if (error == Errno.None)
            error = ReadAddress(state, address, length, &request.Address);
        if (error != Errno.None)
            return error;
        request.Operation = Operation.Bind;
        request.Flags = RequestFlagsOf(fd, state);
        Reply reply;
        error = HostRequest.Ask(fd, &request, &reply);
        if (error == Errno.None)
            Descriptor.SetState(fd, state | SocketState.Known);
        return error;
    }

    private static Errno ReadAddress(SocketState state, byte* address, uint length, WireAddress* result)
    {
        // Linux takes AF_UNSPEC with 0.0.0.0 for AF_INET here (inet_bind in net/ipv4/af_inet.c).
        if ((state & SocketState.V6) == 0 && length >= InternetAddress.LengthV4 &&
            SocketAddress.Family(address, length) == AfUnspec && ((InternetAddress*)address)->AddressV4 == 0)
        {
            *result = default;
            result->Family = AfInet;
            result->Port = SocketAddress.Swap(((InternetAddress*)address)->Port);
            SocketAddress.WriteMapped(result->Octets, 0);
            return Errno.None;
        }

        return SocketAddress.Read(address, length, state, result);
    }

    /// <summary>The options that the kernel socket holds and the host needs to know with bind and connect.</summary>
    internal static RequestFlags RequestFlagsOf(int fd, SocketState state)
    {
        RequestFlags flags = RequestFlags.None;
        bool hasOptions = (state & (SocketState.Datagram | SocketState.HasOptions)) != 0;
        if (hasOptions && IsSet(fd, SoReuseAddr))
            flags |= RequestFlags.ReuseAddress;
        if (hasOptions && IsSet(fd, SoKeepAlive))
            flags |= RequestFlags.KeepAlive;
        if (hasOptions && IsSet(fd, SoBroadcast))
            flags |= RequestFlags.Broadcast;
        if ((state & SocketState.Known) != 0)
            flags |= RequestFlags.Known;
        if ((state & SocketState.V6) != 0)
            flags |= RequestFlags.V6;
        if ((state & SocketState.NoDelay) != 0)
            flags |= RequestFlags.NoDelay;
        return flags;
    }

    private static bool IsSet(int fd, int option)
    {
        int value = 0;
        uint length = sizeof(int);
        return Kernel.GetOption(fd, SolSocket, option, &value, &length) >= 0 && value != 0;
    }

    /// <summary>The kernel's own listen queues connections; the host makes one for each that TCP has established.</summary>
    private static Errno Listen(int fd, SocketState state, int backlog)
    {
        if ((state & SocketState.Datagram) != 0)
            return Errno.EOPNOTSUPP;
        if ((state & (SocketState.Accepted | SocketState.Connecting)) != 0)
            return Errno.EINVAL;
        if ((state & SocketState.ReadShut) != 0)
            return Errno.EINVAL; // an AF_UNIX listener that was shut down takes nobody any more
        int result = Kernel.Listen(fd, backlog);
        if (result < 0)
            return (Errno)(-result);

        // Set first, because the host may connect, and the program accept, before the answer has been read.
        Descriptor.SetState(fd, state | SocketState.Known | SocketState.Listening);
        Request request = default;
        request.Operation = Operation.Listen;
        request.Argument = backlog;
        request.Flags = RequestFlagsOf(fd, state);
        Reply reply;
        Errno error = HostRequest.Ask(fd, &request, &reply);
        if (error != Errno.None)
            Descriptor.SetState(fd, state);
        return error;
    }
}
