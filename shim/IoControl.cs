using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>struct ifreq.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InterfaceRequest
{
    public fixed byte Name[16];

    /// <summary>A sockaddr, a number or flags, as the request has it.</summary>
    public fixed byte Value[24];
}

/// <summary>struct ifconf.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InterfaceRequests
{
    public int Length;
    public InterfaceRequest* Entries;
}

/// <summary>ioctl(2) on our sockets: interfaces (netdevice(7)) and the length of the next datagram.</summary>
internal static unsafe class IoControl
{
    [UnmanagedCallersOnly(EntryPoint = "ioctl")]
    public static int Export(int fd, nuint request, byte* argument)
    {
        Startup.Ensure();
        bool isOurBusiness = request is FioNRead or SiocOutQ or (>= SiocFirst and <= SiocLast);
        return isOurBusiness && Descriptor.IsOurs(fd, out SocketState state)
            ? LibcError.Answer(Ours(fd, state, request, argument))
            : Next.IoControl(fd, request, argument);
    }

    private static Errno Ours(int fd, SocketState state, nuint request, byte* argument)
    {
        bool isDatagram = (state & SocketState.Datagram) != 0;
        if (!isDatagram && request is FioNRead or SiocOutQ or SiocOutQNsd && (state & SocketState.Listening) != 0)
            return Errno.EINVAL;
        switch (request)
        {
            case SiocAtMark or SiocOutQNsd when isDatagram:
                return Errno.ENOTTY;
            case SiocAtMark or SiocOutQ:
                return AtKernel(fd, request, argument);
            case SiocOutQNsd:
                return AtKernel(fd, SiocOutQ, argument);
            case SiocGStamp or SiocGStampNs:
                return Errno.ENOENT; // no time is kept of what has come
        }

        if (argument == null)
            return Errno.EFAULT;
        return request switch
        {
            FioNRead => Available(fd, state, (int*)argument),
            SiocGIfConf => List((InterfaceRequests*)argument),
            SiocGIfName => NameOf((InterfaceRequest*)argument),
            _ => About((InterfaceRequest*)argument, request),
        };
    }

    private static Errno Available(int fd, SocketState state, int* available)
    {
        if ((state & SocketState.Datagram) == 0)
        {
            Errno error = AtKernel(fd, FioNRead, (byte*)available);
            byte octet;
            // Linux from 6.17 on counts urgent octets for ever that were passed over.
            if (error == Errno.None && *available > 0 && Kernel.Receive(fd, &octet, 1, MsgPeek | MsgDontwait) == -(int)Errno.EAGAIN)
                *available = 0;
            return error;
        }

        DatagramHeader header;
        nint length = Kernel.Receive(fd, &header, (nuint)sizeof(DatagramHeader), MsgPeek | MsgTrunc | MsgDontwait);
        bool isMarked = length >= sizeof(DatagramHeader) && StackHost.HasMark(header.Mark);
        if (isMarked ? header.Error == ReceiveSignal.Bell : length <= 0)
            length = ReceiveRings.LengthOfNext(fd, state);
        else if (isMarked)
            length -= sizeof(DatagramHeader);
        *available = length > 0 ? (int)length : 0;
        return Errno.None;
    }

    private static Errno AtKernel(int fd, nuint request, byte* argument)
    {
        int result = Kernel.Control(fd, request, argument);
        return result < 0 ? (Errno)(-result) : Errno.None;
    }

    private static Errno List(InterfaceRequests* requests)
    {
        Reply reply;
        int used = 0;
        for (int number = 0; Interfaces.TryGet(number, &reply); number++)
        {
            if (!SocketAddress.IsMapped(reply.Address.Octets))
                continue;
            if (requests->Entries != null)
            {
                if (used + sizeof(InterfaceRequest) > requests->Length)
                    break;
                InterfaceRequest* entry = requests->Entries + (used / sizeof(InterfaceRequest));
                *entry = default;
                Memory.Copy(entry->Name, Interfaces.Description(&reply)->Name, Interfaces.NameCapacity);
                Give(&reply.Address, entry);
            }

            used += sizeof(InterfaceRequest);
        }

        requests->Length = used;
        return Errno.None;
    }

    private static Errno NameOf(InterfaceRequest* request)
    {
        Reply reply;
        for (int number = 0; Interfaces.TryGet(number, &reply); number++)
        {
            if (Interfaces.Description(&reply)->Index != *(int*)request->Value)
                continue;
            Memory.Copy(request->Name, Interfaces.Description(&reply)->Name, Interfaces.NameCapacity);
            return Errno.None;
        }

        return Errno.ENODEV;
    }

    private static Errno About(InterfaceRequest* request, nuint what)
    {
        const ushort ethernet = 1; // ARPHRD_ETHER
        const ushort loopback = 772; // ARPHRD_LOOPBACK
        Reply reply;
        if (!Interfaces.TryFind(request->Name, Interfaces.NameCapacity, &reply))
            return Errno.ENODEV;
        InterfaceDescription* description = Interfaces.Description(&reply);
        WireAddress address = reply.Address;
        switch (what)
        {
            case SiocGIfAddr:
                Give(&address, request);
                return Errno.None;
            case SiocGIfNetmask:
                address = Interfaces.Netmask(&reply);
                Give(&address, request);
                return Errno.None;
            case SiocGIfBrdAddr:
                address = Interfaces.Broadcast(&reply);
                Give(&address, request);
                return Errno.None;
            case SiocGIfFlags:
                *(short*)request->Value = (short)description->Flags;
                return Errno.None;
            case SiocGIfIndex:
                *(int*)request->Value = description->Index;
                return Errno.None;
            case SiocGIfMtu:
                *(int*)request->Value = (int)description->Mtu;
                return Errno.None;
            case SiocGIfMetric:
                *(int*)request->Value = 0;
                return Errno.None;
            case SiocGIfHwAddr:
                *(ushort*)request->Value = address.Octets[12] == 127 ? loopback : ethernet;
                Memory.Copy(request->Value + sizeof(ushort), description->Mac, 6);
                return Errno.None;
            default:
                return Errno.EPERM; // an unprivileged user changes no interface
        }
    }

    private static void Give(WireAddress* address, InterfaceRequest* request)
    {
        InternetAddress internet;
        uint length = SocketAddress.ToInternet(address, v6: false, &internet);
        Memory.Copy(request->Value, (byte*)&internet, (int)length);
    }
}
