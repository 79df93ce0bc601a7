using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>
/// Control messages that a program sends with a datagram (ip(7), udp(7)), read as Linux does (ip_cmsg_send, udp_cmsg_send, 6.1): what is
/// wrong with one of them is wrong with the whole.
/// </summary>
internal static unsafe class SendControl
{
    private const int PacketInfoLength = 12;
    private const int Ipv6PacketInfoLength = 20;
    private const int LargestOctet = 255;

    /// <summary>Writes into the header what is this datagram's own.</summary>
    /// <param name="state">The socket's.</param>
    /// <param name="message">It has control octets.</param>
    /// <param name="header">What goes to the host.</param>
    /// <param name="isMarked">Set if the host has to know.</param>
    internal static Errno Read(SocketState state, MessageHeader* message, DatagramHeader* header, out bool isMarked)
    {
        isMarked = false;
        nuint at = 0;
        Errno error;
        while ((error = TryTake(message, ref at, out ControlHeader* control)) == Errno.None && control != null)
        {
            error = ReadOne(state, control, header, ref isMarked);
            if (error != Errno.None)
                break;
        }

        return error;
    }

    /// <summary>A TCP socket looks at what is said of any socket (sock_cmsg_send, 6.1), and has no use for it here.</summary>
    internal static Errno Check(MessageHeader* message)
    {
        nuint at = 0;
        Errno error;
        while ((error = TryTake(message, ref at, out ControlHeader* control)) == Errno.None && control != null)
        {
            if (control->Level == SolSocket)
                error = OfSocket(control->Type, control->Length - (nuint)sizeof(ControlHeader));
            if (error != Errno.None)
                break;
        }

        return error;
    }

    /// <summary>The control message at that place, or null behind the last one (CMSG_NXTHDR).</summary>
    /// <returns>EINVAL for a length that cannot be.</returns>
    private static Errno TryTake(MessageHeader* message, ref nuint at, out ControlHeader* control)
    {
        control = null;
        if (message->Control == null)
            return Errno.EFAULT;
        if (at >= message->ControlLength || message->ControlLength - at < (nuint)sizeof(ControlHeader))
            return Errno.None;
        control = (ControlHeader*)(message->Control + at);
        if (control->Length < (nuint)sizeof(ControlHeader) || control->Length > message->ControlLength - at)
            return Errno.EINVAL;
        at += DatagramControl.Align(control->Length);
        return Errno.None;
    }

    private static Errno ReadOne(SocketState state, ControlHeader* control, DatagramHeader* header, ref bool isMarked)
    {
        byte* data = (byte*)(control + 1);
        nuint length = control->Length - (nuint)sizeof(ControlHeader);
        switch (control->Level)
        {
            case SolSocket:
                return OfSocket(control->Type, length);
            case SolUdp:
                return Errno.EINVAL; // UDP_SEGMENT, which cannot be set either
            case IpProtoIpv6 when control->Type == Ipv6PktInfo && (state & SocketState.V6) != 0:
                return ReadIpv6PacketInfo(data, length, header, ref isMarked);
            case IpProtoIp when control->Type == IpPktInfo:
                return ReadPacketInfo(data, length, header, ref isMarked);
            case IpProtoIp when control->Type == IpTtl:
                return ReadTimeToLive(data, length, header, ref isMarked);
            case IpProtoIp when control->Type == IpTos:
                return ReadTypeOfService(data, length, header, ref isMarked);
            case IpProtoIp:
                return Errno.EINVAL;
            default:
                return Errno.None; // all datagrams are IPv4's
        }
    }

    /// <summary>What a socket without rights may say, all of it without effect here (__sock_cmsg_send).</summary>
    private static Errno OfSocket(int type, nuint length) => type switch
    {
        ScmRights or ScmCredentials => Errno.None,
        SoTimestamping or SoTimestampingNew or SoPriority => length == sizeof(int) ? Errno.None : Errno.EINVAL,
        SoMark => Errno.EPERM,
        _ => Errno.EINVAL,
    };

    private static Errno ReadPacketInfo(byte* data, nuint length, DatagramHeader* header, ref bool isMarked)
    {
        const int specificDestination = 4;
        if (length != PacketInfoLength)
            return Errno.EINVAL;
        SetSource(*(uint*)(data + specificDestination), header, ref isMarked);
        return Errno.None;
    }

    private static Errno ReadIpv6PacketInfo(byte* data, nuint length, DatagramHeader* header, ref bool isMarked)
    {
        const int v4At = 12; // in the mapped form
        if (length < Ipv6PacketInfoLength || !SocketAddress.IsMapped(data))
            return Errno.EINVAL;
        SetSource(*(uint*)(data + v4At), header, ref isMarked);
        return Errno.None;
    }

    /// <summary>The last one counts, and 0.0.0.0 is the socket's own address.</summary>
    private static void SetSource(uint address, DatagramHeader* header, ref bool isMarked)
    {
        header->LocalFamily = address != 0 ? (byte)AfInet : (byte)AfUnspec;
        SocketAddress.WriteMapped(header->LocalOctets, address);
        isMarked |= address != 0;
    }

    private static Errno ReadTimeToLive(byte* data, nuint length, DatagramHeader* header, ref bool isMarked)
    {
        if (length != sizeof(int) || *(int*)data is < 1 or > LargestOctet)
            return Errno.EINVAL;
        header->TimeToLive = *data;
        isMarked = true;
        return Errno.None;
    }

    private static Errno ReadTypeOfService(byte* data, nuint length, DatagramHeader* header, ref bool isMarked)
    {
        if (length is not (sizeof(int) or sizeof(byte)) || (length == sizeof(int) && *(int*)data is < 0 or > LargestOctet))
            return Errno.EINVAL;
        header->TypeOfService = *data;
        header->Flags |= DatagramFlags.SetsTypeOfService;
        isMarked = true;
        return Errno.None;
    }
}
