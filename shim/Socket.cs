using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>socket(2): Internet sockets become AF_UNIX sockets with a name and a state word; see docs/host-protocol.md.</summary>
internal static unsafe class Socket
{
    [UnmanagedCallersOnly(EntryPoint = "socket")]
    public static int Create(int family, int type, int protocol)
    {
        Startup.Ensure();
        // The interfaces behind it would be the machine's. Linux says so to a user without privileges.
        if (StackHost.IsConfigured && family == AfPacket)
            return (int)LibcError.Answer(-(int)Errno.EPERM);
        if (!StackHost.IsConfigured || family is not (AfInet or AfInet6))
            return Next.Socket(family, type, protocol);
        return (int)LibcError.Answer(Open(family, type, protocol));
    }

    /// <returns>The descriptor, or -errno.</returns>
    private static nint Open(int family, int type, int protocol)
    {
        Errno error = Check(family, type & SockTypeMask, protocol);
        if (error != Errno.None)
            return -(int)error;
        SocketState state = family == AfInet6 ? SocketState.V6 : SocketState.None;
        if ((type & SockTypeMask) == SockDgram)
        {
            state |= protocol == IpProtoIcmp ? SocketState.Datagram | SocketState.Echo : SocketState.Datagram;
            Descriptor.NoteDatagram();
            DatagramRoute.Learn();
        }

        return Open(state, type & ~SockTypeMask);
    }

    /// <summary>Makes a socket of ours that has done nothing yet. Who gives a UDP socket to the program notes it first.</summary>
    /// <returns>The descriptor, or -errno.</returns>
    internal static int Open(SocketState state, int flags)
    {
        bool isDatagram = (state & SocketState.Datagram) != 0;
        int fd = Kernel.Socket(AfUnix, (isDatagram ? SockSeqpacket : SockStream) | flags, 0);
        if (fd < 0)
            return fd;
        Descriptor.SetState(fd, state);
        if (Descriptor.IsEcho(state))
            ReuseAddress(fd);
        UnixAddress name;
        uint length = SocketName.WriteSocket(&name, state, Descriptor.Cookie(fd));
        int result = Kernel.Bind(fd, &name, length);
        if (result >= 0 && isDatagram)
            result = -(int)OpenDatagram(fd, state);
        if (result < 0)
        {
            _ = Kernel.Close(fd);
            return result;
        }

        BusyPolling.NoteSocket(fd);
        return fd;
    }

    /// <summary>Linux's default for ICMP echo (INET_PROTOSW_REUSE).</summary>
    private static void ReuseAddress(int fd)
    {
        int on = 1;
        _ = Kernel.SetOption(fd, SolSocket, SoReuseAddr, &on, sizeof(int));
    }

    /// <summary>A datagram socket introduces itself to the host at once: its first datagram may come by a plain write().</summary>
    private static Errno OpenDatagram(int fd, SocketState state)
    {
        Errno error = HostRequest.ConnectToHost(fd, datagrams: true);
        if (error != Errno.None)
            return error;
        Request request = default;
        request.Operation = Operation.OpenDatagram;
        if (Descriptor.IsEcho(state))
            request.Flags = RequestFlags.ReuseAddress;
        StackHost.Sign(&request);
        IoVector vector = new() { Base = (byte*)&request, Length = (nuint)sizeof(Request) };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
        return Kernel.SendMessage(fd, &message, MsgNosignal) == sizeof(Request) ? Errno.None : Errno.ENETDOWN;
    }

    /// <summary>
    /// What Linux says to a user without privileges (inet_create in net/ipv4/af_inet.c, 6.1), who may have sockets for ICMP echo, as
    /// net.ipv4.ping_group_range allows everybody on most systems.
    /// </summary>
    private static Errno Check(int family, int type, int protocol)
    {
        const int protocolCount = 262 + 1;
        if (protocol is < 0 or >= protocolCount)
            return Errno.EINVAL;
        switch (type)
        {
            case SockStream:
                return protocol is 0 or IpProtoTcp ? Errno.None : Errno.EPROTONOSUPPORT;
            case SockDgram when protocol is 0 or IpProtoUdp:
                return Errno.None;
            case SockDgram when protocol == IpProtoIcmp && family == AfInet:
                return Errno.None;
            case SockDgram:
                return protocol == IpProtoIcmpv6 && family == AfInet6 ? Errno.EACCES : Errno.EPROTONOSUPPORT;
            case SockRaw:
                return protocol == 0 ? Errno.EPROTONOSUPPORT : Errno.EPERM;
            case SockSeqpacket or SockRdm:
                return Errno.ESOCKTNOSUPPORT;
            case > 0 and < 11:
                return Errno.ESOCKTNOSUPPORT;
            default:
                return Errno.EINVAL;
        }
    }
}
