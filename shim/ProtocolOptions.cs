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
        if (!HasLevel(state, level))
            return (state & SocketState.V6) != 0 ? Errno.ENOPROTOOPT : Errno.EOPNOTSUPP; // ipv6_getsockopt and ip_getsockopt differ so
        SocketState flag = isDatagram ? FlagOf(level, name) : SocketState.None;
        if (flag != SocketState.None || IsHint(isDatagram, level, name))
        {
            int number = flag != SocketState.None && (state & flag) != 0 ? 1 : 0;
            if (level == IpProtoIp)
                Options.CutToOctet(number, length);
            return Options.Give(number, value, length);
        }

        if (level == SolTcp && name == TcpNoDelay)
            return Options.Give((state & SocketState.NoDelay) != 0 ? 1 : 0, value, length);
        return Options.GetFromHost(fd, level, name, value, length);
    }

    internal static Errno Set(int fd, SocketState state, int level, int name, byte* value, uint length)
    {
        bool isDatagram = (state & SocketState.Datagram) != 0;
        if (!HasLevel(state, level))
            return Errno.ENOPROTOOPT;
        if (level == IpProtoIpv6 && length < sizeof(int) && name != Ipv6DontFrag)
            return Errno.EINVAL;
        SocketState flag = isDatagram ? FlagOf(level, name) : SocketState.None;
        if (flag != SocketState.None)
        {
            // Without having been asked the host does not describe what comes from the connected peer.
            Errno error = Options.SetAtHost(fd, state, level, name, value, length);
            return error == Errno.None ? SetFlag(fd, state | SocketState.Known, flag, value, length) : error;
        }

        if (level == SolTcp && name == TcpNoDelay)
            return SetNoDelay(fd, state, value, length);
        if (IsHint(isDatagram, level, name))
            return length < 1 && level == SolTcp ? Errno.EINVAL : Errno.None;
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

    private static bool HasLevel(SocketState state, int level) => level switch
    {
        SolTcp => (state & SocketState.Datagram) == 0,
        SolUdp => (state & SocketState.Datagram) != 0 && !Descriptor.IsEcho(state),
        IpProtoIpv6 => (state & SocketState.V6) != 0,
        _ => level == IpProtoIp,
    };

    /// <summary>Options that a program may set for speed or comfort, and that change nothing which it could rely on.</summary>
    private static bool IsHint(bool isDatagram, int level, int name) => level switch
    {
        SolTcp => name is TcpQuickAck or TcpDeferAccept or TcpFastOpen or TcpFastOpenConnect or TcpThinDupAck or
            TcpThinLinearTimeouts or TcpNotSentLowat or TcpWindowClamp or TcpSynCount or TcpLinger2 or TcpSaveSyn,
        IpProtoIp when name is IpFreeBind or IpBindAddressNoPort => true,
        IpProtoIp => !isDatagram && name is IpRecvErr or IpPktInfo or IpRecvTtl or IpRecvTos,
        IpProtoIpv6 => !isDatagram && name is Ipv6RecvErr or Ipv6RecvPktInfo or Ipv6RecvHopLimit or Ipv6RecvTClass,
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

    /// <summary>
    /// What a UDP socket's datagrams are to be described by. All of them are IPv4's: those of an AF_INET6 socket too obey IPPROTO_IP's
    /// options, but for IPV6_RECVPKTINFO, which gives the mapped address (udpv6_recvmsg, 6.1). IPv6's others the host keeps.
    /// </summary>
    private static SocketState FlagOf(int level, int name) => (level, name) switch
    {
        (IpProtoIp, IpPktInfo) => SocketState.ReceivesPacketInfo,
        (IpProtoIp, IpRecvTtl) => SocketState.ReceivesTimeToLive,
        (IpProtoIp, IpRecvErr) => SocketState.ReceivesErrors,
        (IpProtoIp, IpRecvTos) => SocketState.ReceivesTypeOfService,
        (IpProtoIpv6, Ipv6RecvPktInfo) => SocketState.ReceivesIpv6PacketInfo,
        _ => SocketState.None,
    };

    private static Errno SetFlag(int fd, SocketState state, SocketState flag, byte* value, uint length)
    {
        int number = length >= sizeof(int) ? *(int*)value : length > 0 ? *value : 0;
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
        changed = Options.SetState(fd, changed);
        return (changed & SocketState.Known) != 0
            ? Options.NoteAtHost(fd, changed, SolTcp, TcpNoDelay, value, length)
            : Errno.None;
    }
}
