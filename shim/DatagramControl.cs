using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>Control messages of UDP sockets (ip(7), ipv6(7)): addresses, time to live and type of service.</summary>
internal static unsafe class DatagramControl
{
    private const uint LoopbackAddress = 0x0100007f; // 127.0.0.1 in network order

    private const int LoopbackIndex = 1;
    private const int InterfaceIndex = 2;

    private static volatile uint KnownLinkAddress;

    /// <summary>Adds what the program has asked for behind what the kernel wrote.</summary>
    internal static void Write(SocketState state, DatagramHeader* header, MessageHeader* message, nuint used)
    {
        bool v6 = (state & SocketState.V6) != 0;
        nuint room = message->ControlLength;
        if ((state & SocketState.ReceivesPacketInfo) != 0 && header->LocalFamily != AfUnspec)
            WritePacketInfo(v6, header, message, room, ref used);
        if ((state & SocketState.ReceivesTimeToLive) != 0)
            WriteNumber(v6 ? IpProtoIpv6 : IpProtoIp, v6 ? Ipv6HopLimit : IpTtl, header->TimeToLive, message, room, ref used);
        if ((state & SocketState.ReceivesTypeOfService) != 0)
            WriteTypeOfService(v6, header->TypeOfService, message, room, ref used);
        message->ControlLength = used;
    }

    /// <summary>The source that the program wants for this datagram (IP_PKTINFO's ipi_spec_dst, IPV6_PKTINFO).</summary>
    /// <returns>True if there is one.</returns>
    internal static bool ReadSource(MessageHeader* message, DatagramHeader* header)
    {
        const int specificDestination = 4;
        byte* at = message->Control;
        nuint left = message->ControlLength;
        while (left >= (nuint)sizeof(ControlHeader))
        {
            ControlHeader* control = (ControlHeader*)at;
            byte* data = at + sizeof(ControlHeader);
            if (control->Length < (nuint)sizeof(ControlHeader) || control->Length > left)
                return false;
            if (control->Level == IpProtoIp && control->Type == IpPktInfo && *(uint*)(data + specificDestination) != 0)
            {
                header->LocalFamily = AfInet;
                SocketAddress.WriteMapped(header->LocalOctets, *(uint*)(data + specificDestination));
                return true;
            }

            if (control->Level == IpProtoIpv6 && control->Type == Ipv6PktInfo &&
                (*(ulong*)data != 0 || *(ulong*)(data + 8) != 0))
            {
                header->LocalFamily = AfInet6;
                Memory.Copy(header->LocalOctets, data, 16);
                return true;
            }

            nuint step = Align(control->Length);
            if (step >= left)
                return false;
            at += step;
            left -= step;
        }

        return false;
    }

    private static void WritePacketInfo(
        bool v6, DatagramHeader* header, MessageHeader* message, nuint room, ref nuint used)
    {
        const int lengthV4 = 12; // struct in_pktinfo: interface, own address, destination in the header
        const int lengthV6 = 20; // struct in6_pktinfo: destination, interface
        byte* data = stackalloc byte[lengthV6];
        bool isLoopback = header->LocalOctets[12] == 127 || header->Peer.Octets[12] == 127;
        int index = isLoopback ? LoopbackIndex : InterfaceIndex;
        if (v6)
        {
            Memory.Copy(data, header->LocalOctets, 16);
            *(int*)(data + 16) = index;
            Append(IpProtoIpv6, Ipv6PktInfo, data, lengthV6, message, room, ref used);
            return;
        }

        *(int*)data = index;
        *(uint*)(data + 4) = OwnAddress(header->LocalOctets, isLoopback);
        *(uint*)(data + 8) = *(uint*)(header->LocalOctets + 12);
        Append(IpProtoIp, IpPktInfo, data, lengthV4, message, room, ref used);
    }

    /// <summary>The address to answer from: what came to a group, or to all, came to nobody's address.</summary>
    private static uint OwnAddress(byte* destination, bool isLoopback)
    {
        const uint limitedBroadcast = uint.MaxValue;
        uint address = *(uint*)(destination + 12);
        if (destination[12] >> 4 != 0xe && address != limitedBroadcast)
            return address;
        uint own = isLoopback ? LoopbackAddress : LinkAddress();
        return own != 0 ? own : address;
    }

    /// <summary>The first of the link, asked for once: a host's addresses stay as they are.</summary>
    private static uint LinkAddress()
    {
        const int firstOfLink = 1;
        Reply reply;
        if (KnownLinkAddress == 0 && Interfaces.TryGet(firstOfLink, &reply))
            KnownLinkAddress = *(uint*)(reply.Address.Octets + 12);
        return KnownLinkAddress;
    }

    private static void WriteTypeOfService(bool v6, byte value, MessageHeader* message, nuint room, ref nuint used)
    {
        // One octet for IPv4, an int for IPv6: so it is in Linux.
        if (v6)
            WriteNumber(IpProtoIpv6, Ipv6TClass, value, message, room, ref used);
        else
            Append(IpProtoIp, IpTos, &value, sizeof(byte), message, room, ref used);
    }

    private static void WriteNumber(int level, int type, int value, MessageHeader* message, nuint room, ref nuint used) =>
        Append(level, type, (byte*)&value, sizeof(int), message, room, ref used);

    internal static void Append(
        int level, int type, byte* data, int length, MessageHeader* message, nuint room, ref nuint used)
    {
        nuint whole = (nuint)(sizeof(ControlHeader) + length);
        nuint begin = Align(used);
        if (message->Control == null || begin + whole > room)
        {
            message->Flags |= MsgCTrunc;
            return;
        }

        ControlHeader* control = (ControlHeader*)(message->Control + begin);
        control->Length = whole;
        control->Level = level;
        control->Type = type;
        Memory.Copy((byte*)(control + 1), data, length);
        used = begin + Align(whole) <= room ? begin + Align(whole) : begin + whole;
    }

    private static nuint Align(nuint length) => (length + 7) & ~(nuint)7;
}
