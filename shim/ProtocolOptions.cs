using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>Options of tcp(7), udp(7), ip(7) and ipv6(7): flags of the state word, hints, and what the host decides.</summary>
internal static unsafe class ProtocolOptions
{
    internal static Errno Get(int fd, SocketState state, int level, int name, byte* value, uint* length)
    {
        bool isDatagram = (state & SocketState.Datagram) != 0;
        if ((level == SolTcp && isDatagram) || (level == SolUdp && !isDatagram))
            return Errno.EOPNOTSUPP;
        if (level == IpProtoIpv6 && (state & SocketState.V6) == 0)
            return Errno.EOPNOTSUPP;
        SocketState flag = FlagOf(level, name);
        if (isDatagram && flag != SocketState.None)
            return Options.Give((state & flag) != 0 ? 1 : 0, value, length);
        if (level == SolTcp && name == TcpNoDelay)
            return Options.Give((state & SocketState.NoDelay) != 0 ? 1 : 0, value, length);
        if (IsHint(level, name))
            return Options.Give(0, value, length);
        return Options.GetFromHost(fd, level, name, value, length);
    }

    internal static Errno Set(int fd, SocketState state, int level, int name, byte* value, uint length)
    {
        bool isDatagram = (state & SocketState.Datagram) != 0;
        if (level is not (SolTcp or SolUdp or IpProtoIp or IpProtoIpv6))
            return Errno.ENOPROTOOPT;
        if ((level == SolTcp && isDatagram) || (level == SolUdp && !isDatagram))
            return Errno.ENOPROTOOPT;
        if (level == IpProtoIpv6 && (state & SocketState.V6) == 0)
            return Errno.ENOPROTOOPT;
        SocketState flag = FlagOf(level, name);
        if (isDatagram && flag == SocketState.ReceivesErrors)
        {
            Errno error = Options.SetAtHost(fd, state, level, name, value, length);
            state |= SocketState.Known;
            if (error != Errno.None)
                return error;
        }

        if (isDatagram && flag != SocketState.None)
            return SetFlag(fd, state, flag, value, length);
        if (level == SolTcp && name == TcpNoDelay)
            return SetNoDelay(fd, state, value, length);
        if (IsHint(level, name))
            return length < 1 ? Errno.EINVAL : Errno.None;
        if (level is IpProtoIp or IpProtoIpv6 && name is McastJoinGroup or McastLeaveGroup)
        {
            const int wholeLength = 136; // struct group_req: the address has 128, of which IPv4 uses the first 16
            if (length < wholeLength)
                return Errno.EINVAL;
            length = HostProtocol.OptionCapacity;
        }

        DatagramLimit.Note(level, name);
        if (level == SolTcp && CannotFail(name, value, length))
            return Options.NoteAtHost(fd, state, level, name, value, length);
        return Options.SetAtHost(fd, state, level, name, value, length);
    }

    /// <summary>Options that a program may set for speed or comfort, and that change nothing which it could rely on.</summary>
    private static bool IsHint(int level, int name) => level switch
    {
        SolTcp => name is TcpQuickAck or TcpDeferAccept or TcpFastOpen or TcpFastOpenConnect or TcpThinDupAck or
            TcpThinLinearTimeouts or TcpNotSentLowat or TcpWindowClamp or TcpSynCount or TcpLinger2 or TcpSaveSyn,
        IpProtoIp => name is IpRecvErr or IpFreeBind or IpBindAddressNoPort or IpPktInfo or IpRecvTtl or IpRecvTos,
        IpProtoIpv6 => name is Ipv6RecvErr or Ipv6RecvPktInfo or Ipv6RecvHopLimit or Ipv6RecvTClass or
            Ipv6MulticastHops or Ipv6MulticastLoop or Ipv6MulticastAll, // nobody can join a group of IPv6
        _ => false,
    };

    /// <summary>Values that Linux takes (do_tcp_setsockopt, 6.1), of options that only time shows.</summary>
    private static bool CannotFail(int name, byte* value, uint length)
    {
        const int maxKeepSeconds = 32767; // MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL
        const int maxKeepCount = 127; // MAX_TCP_KEEPCNT
        if (length < sizeof(int))
            return false;
        int number = *(int*)value;
        return name switch
        {
            TcpKeepIdle or TcpKeepInterval => number is >= 1 and <= maxKeepSeconds,
            TcpKeepCount => number is >= 1 and <= maxKeepCount,
            _ => false,
        };
    }

    private static SocketState FlagOf(int level, int name) => (level, name) switch
    {
        (IpProtoIp, IpPktInfo) or (IpProtoIpv6, Ipv6RecvPktInfo) => SocketState.ReceivesPacketInfo,
        (IpProtoIp, IpRecvTtl) or (IpProtoIpv6, Ipv6RecvHopLimit) => SocketState.ReceivesTimeToLive,
        (IpProtoIp, IpRecvErr) or (IpProtoIpv6, Ipv6RecvErr) => SocketState.ReceivesErrors,
        (IpProtoIp, IpRecvTos) or (IpProtoIpv6, Ipv6RecvTClass) => SocketState.ReceivesTypeOfService,
        _ => SocketState.None,
    };

    private static Errno SetFlag(int fd, SocketState state, SocketState flag, byte* value, uint length)
    {
        if (length < 1)
            return Errno.EINVAL;
        int number = length >= sizeof(int) ? *(int*)value : *value;
        Descriptor.SetState(fd, number != 0 ? state | flag : state & ~flag);
        return Errno.None;
    }

    /// <summary>Set by nearly every program on nearly every socket, so it travels with the connect and costs no request.</summary>
    private static Errno SetNoDelay(int fd, SocketState state, byte* value, uint length)
    {
        if (length < sizeof(int))
            return Errno.EINVAL;
        SocketState changed = *(int*)value != 0 ? state | SocketState.NoDelay : state & ~SocketState.NoDelay;
        if (changed == state)
            return Errno.None;
        Descriptor.SetState(fd, changed);
        return (state & SocketState.Known) != 0
            ? Options.NoteAtHost(fd, changed, SolTcp, TcpNoDelay, value, length)
            : Errno.None;
    }
}
