using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>Control messages that come with what UDP sockets receive (ip(7), ipv6(7)): addresses, time to live and type of service.</summary>
internal static unsafe class DatagramControl
{
    private const uint LoopbackAddress = 0x0100007f; // 127.0.0.1 in network order

    private const int LoopbackIndex = 1;
    private const int InterfaceIndex = 2;

    private static volatile uint KnownLinkAddress;

    /// <summary>Adds what the program has asked for behind what the kernel wrote.</summary>
    /// <param name="state">The socket's.</param>
    /// <param name="header">What is told of.</param>
    /// <param name="message">Where to.</param>
    /// <param name="used">What the kernel wrote.</param>
    /// <param name="isError">It is an ICMP message about a datagram, which nobody answers: Linux gives no address to do so from.</param>
    internal static void Write(SocketState state, DatagramHeader* header, MessageHeader* message, nuint used, bool isError = false)
    {
        nuint room = message->ControlLength;
        if (header->LocalFamily != AfUnspec) // else it came before the program asked for anything
        {
            if ((state & SocketState.ReceivesIpv6PacketInfo) != 0 && (state & SocketState.V6) != 0)
                WriteIpv6PacketInfo(header, message, room, ref used);
            if ((state & SocketState.ReceivesPacketInfo) != 0)
                WritePacketInfo(header, isError, message, room, ref used);
            int timeToLive = header->TimeToLive;
            if ((state & SocketState.ReceivesTimeToLive) != 0)
                Append(IpProtoIp, IpTtl, (byte*)&timeToLive, sizeof(int), message, room, ref used);
            if ((state & SocketState.ReceivesTypeOfService) != 0)
                Append(IpProtoIp, IpTos, &header->TypeOfService, sizeof(byte), message, room, ref used);
        }

        message->ControlLength = used;
    }

    private static void WritePacketInfo(
        DatagramHeader* header, bool isError, MessageHeader* message, nuint room, ref nuint used)
    {
        const int length = 12; // struct in_pktinfo: interface, own address, destination in the header
        byte* data = stackalloc byte[length];
        bool isLoopback = IsLoopback(header);
        *(int*)data = isLoopback ? LoopbackIndex : InterfaceIndex;
        *(uint*)(data + 4) = isError ? 0 : OwnAddress(header->LocalOctets, isLoopback);
        *(uint*)(data + 8) = *(uint*)(header->LocalOctets + 12);
        Append(IpProtoIp, IpPktInfo, data, length, message, room, ref used);
    }

    private static void WriteIpv6PacketInfo(DatagramHeader* header, MessageHeader* message, nuint room, ref nuint used)
    {
        const int length = 20; // struct in6_pktinfo: destination, interface
        byte* data = stackalloc byte[length];
        Memory.Copy(data, header->LocalOctets, 16);
        *(int*)(data + 16) = IsLoopback(header) ? LoopbackIndex : InterfaceIndex;
        Append(IpProtoIpv6, Ipv6PktInfo, data, length, message, room, ref used);
    }

    private static bool IsLoopback(DatagramHeader* header) =>
        header->LocalOctets[12] == 127 || header->Peer.Octets[12] == 127;

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

    /// <summary>put_cmsg() of Linux: what there is no room for is cut, as is its length, if at least its header has some.</summary>
    internal static void Append(
        int level, int type, byte* data, int length, MessageHeader* message, nuint room, ref nuint used)
    {
        nuint whole = (nuint)(sizeof(ControlHeader) + length);
        nuint left = message->Control == null ? 0 : room - used;
        if (left < whole)
            message->Flags |= MsgCTrunc;
        if (left < (nuint)sizeof(ControlHeader))
            return;
        if (left < whole)
            whole = left;
        ControlHeader* control = (ControlHeader*)(message->Control + used);
        control->Length = whole;
        control->Level = level;
        control->Type = type;
        Memory.Copy((byte*)(control + 1), data, (int)whole - sizeof(ControlHeader));
        used += Align(whole) < left ? Align(whole) : left;
    }

    internal static nuint Align(nuint length) => (length + 7) & ~(nuint)7;
}
