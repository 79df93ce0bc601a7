using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Host.Bridge;

/// <summary>Options of multicast groups (ip(7)), checked in the order of Linux's do_ip_setsockopt (6.1).</summary>
internal static class GroupOptions
{
    private const int RequestLength = 8; // struct ip_mreq: group and own address
    private const int IndexedRequestLength = 12; // struct ip_mreqn: the number of the interface behind it
    private const int LoopbackIndex = 1;
    private const int LinkIndex = 2;

    public static bool IsOne(int level, int name) => level switch
    {
        IpProtoIp => name is IpMulticastIf or IpMulticastTtl or IpMulticastLoop or IpMulticastAll or
            IpAddMembership or IpDropMembership or McastJoinGroup or McastLeaveGroup,
        IpProtoIpv6 => name is Ipv6MulticastIf or Ipv6JoinGroup or Ipv6LeaveGroup or McastJoinGroup or McastLeaveGroup,
        _ => false,
    };

    public static Errno Set(ProgramSocket socket, int level, int name, ReadOnlySpan<byte> value)
    {
        if (level == IpProtoIpv6)
            return SetOfIpv6(socket, name, value);
        if (socket is not DatagramSocket datagram)
            return OfStream(name);
        MulticastOptions options = datagram.Messages.Multicast;
        switch (name)
        {
            case IpMulticastIf:
                return SetInterface(options, datagram, value);
            case IpAddMembership or IpDropMembership or McastJoinGroup or McastLeaveGroup:
                if (!TryReadRequest(name, value, out IpAddress group, out IpAddress address, out int index))
                    return Errno.EINVAL;
                if (index != 0 && !TryFindAddress(datagram, index, out address))
                    return group.IsMulticast ? Errno.ENODEV : Errno.EINVAL;
                return name is IpAddMembership or McastJoinGroup
                    ? options.Join(group, address)
                    : options.Leave(group, address);
        }
        int number = value.Length >= sizeof(int) ? MemoryMarshal.Read<int>(value) : value.Length > 0 ? value[0] : -2;
        return SetNumber(options, name, number, value.Length);
    }

    public static int? Get(ProgramSocket socket, int level, int name)
    {
        if (socket is not DatagramSocket datagram)
            return name is IpMulticastIf or Ipv6MulticastIf ? 0 : 1; // the defaults, which a TCP socket cannot change
        MulticastOptions options = datagram.Messages.Multicast;
        if (level == IpProtoIpv6)
            return name == Ipv6MulticastIf ? IndexOf(options.Interface) : null;
        Span<byte> address = stackalloc byte[IpAddress.LengthV4];
        options.Interface.WriteV4(address);
        return name switch
        {
            IpMulticastIf => MemoryMarshal.Read<int>(address),
            IpMulticastTtl => options.TimeToLive,
            IpMulticastLoop => options.LoopsBack ? 1 : 0,
            IpMulticastAll => options.TakesAll ? 1 : 0,
            _ => null,
        };
    }

    /// <summary>Groups cannot be joined, as where no interface has IPv6. The interface serves both families: Java sets both.</summary>
    private static Errno SetOfIpv6(ProgramSocket socket, int name, ReadOnlySpan<byte> value)
    {
        if (name != Ipv6MulticastIf || !MemoryMarshal.TryRead(value, out int index))
            return name == Ipv6MulticastIf ? Errno.EINVAL : Errno.ENODEV;
        if (socket is not DatagramSocket datagram)
            return Errno.ENOPROTOOPT;
        if (index == 0)
            return datagram.Messages.Multicast.SetInterface(IpAddress.AnyV4);
        return TryFindAddress(datagram, index, out IpAddress own) ? datagram.Messages.Multicast.SetInterface(own) : Errno.ENODEV;
    }

    /// <summary>What a TCP socket is told, which has no groups but takes what cannot matter.</summary>
    private static Errno OfStream(int name) => name switch
    {
        IpMulticastLoop or IpMulticastAll => Errno.None,
        IpMulticastIf or IpMulticastTtl => Errno.EINVAL,
        _ => Errno.EPROTO,
    };

    private static Errno SetNumber(MulticastOptions options, int name, int number, int length)
    {
        switch (name)
        {
            case IpMulticastTtl when length > 0 && number is >= -1 and <= byte.MaxValue:
                options.TimeToLive = number < 0 ? (byte)1 : (byte)number;
                return Errno.None;
            case IpMulticastLoop when length > 0:
                options.LoopsBack = number != 0;
                return Errno.None;
            case IpMulticastAll when length > 0 && number is 0 or 1:
                options.TakesAll = number != 0;
                return Errno.None;
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>Takes an in_addr, an ip_mreq or an ip_mreqn, by its length.</summary>
    private static Errno SetInterface(MulticastOptions options, DatagramSocket socket, ReadOnlySpan<byte> value)
    {
        if (value.Length < IpAddress.LengthV4)
            return Errno.EINVAL;
        int index = value.Length >= IndexedRequestLength ? MemoryMarshal.Read<int>(value[RequestLength..]) : 0;
        if (index != 0)
            return TryFindAddress(socket, index, out IpAddress own) ? options.SetInterface(own) : Errno.EADDRNOTAVAIL;
        int at = value.Length >= RequestLength ? IpAddress.LengthV4 : 0;
        return options.SetInterface(IpAddress.Read(value.Slice(at, IpAddress.LengthV4)));
    }

    private static bool TryReadRequest(
        int name, ReadOnlySpan<byte> value, out IpAddress group, out IpAddress address, out int index)
    {
        (group, address, index) = (default, IpAddress.AnyV4, 0);
        if (name is McastJoinGroup or McastLeaveGroup)
        {
            // struct group_req: the number of the interface, and from octet 8 on a socket address.
            const int familyAt = 8;
            const int addressAt = 12;
            if (value.Length < addressAt + IpAddress.LengthV4 || MemoryMarshal.Read<ushort>(value[familyAt..]) != Constants.AfInet)
                return false;
            index = MemoryMarshal.Read<int>(value);
            group = IpAddress.Read(value.Slice(addressAt, IpAddress.LengthV4));
            return true;
        }
        if (value.Length < RequestLength)
            return false;
        group = IpAddress.Read(value[..IpAddress.LengthV4]);
        address = IpAddress.Read(value.Slice(IpAddress.LengthV4, IpAddress.LengthV4));
        if (value.Length >= IndexedRequestLength)
            index = MemoryMarshal.Read<int>(value[RequestLength..]);
        return true;
    }

    private static int IndexOf(IpAddress address) => address.IsAny ? 0 : address.IsLoopback ? LoopbackIndex : LinkIndex;

    /// <summary>An own address of the interface with that number.</summary>
    private static bool TryFindAddress(DatagramSocket socket, int index, out IpAddress address)
    {
        address = index == LoopbackIndex ? IpAddress.LoopbackV4 : socket.FirstAddress;
        return index is LoopbackIndex or LinkIndex;
    }
}
