using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Host.Bridge;

/// <summary>setsockopt(2) and getsockopt(2) for what only the stack can do; the shim answers the rest itself.</summary>
internal static unsafe class SocketOptions
{
    private const byte DefaultTimeToLive = 64; // Linux's net.ipv4.ip_default_ttl

    // What Linux accepts (include/net/tcp.h, 6.1).
    private const int MinSegmentSize = 88; // TCP_MIN_MSS
    private const int MaxSegmentSize = 32767; // MAX_TCP_WINDOW
    private const int MaxKeepIdleSeconds = 32767; // MAX_TCP_KEEPIDLE
    private const int MaxKeepIntervalSeconds = 32767; // MAX_TCP_KEEPINTVL
    private const int MaxKeepCount = 127; // MAX_TCP_KEEPCNT

    private const int MinIpv6Mtu = 1280; // RFC 8200 §5

    private const int UnconnectedSegmentSize = 536; // TCP_MSS_DEFAULT

    private const int CongestionNameCapacity = 16; // TCP_CA_NAME_MAX

    /// <returns>ENOPROTOOPT for what the stack does not have, EINVAL for a value that cannot be.</returns>
    public static Errno Set(ProgramSocket socket, in Request request)
    {
        int length = Math.Min((int)request.OptionLength, HostProtocol.OptionCapacity);
        fixed (byte* octets = request.Option)
        {
            ReadOnlySpan<byte> value = new(octets, length);
            if (request.OptionLevel == IpProtoTcp && socket is StreamSocket stream)
                return SetTcp(stream.Tcp, request.OptionName, value);
            if (GroupOptions.IsOne(request.OptionLevel, request.OptionName))
                return GroupOptions.Set(socket, request.OptionLevel, request.OptionName, value);
            if (KeptOptions.IsOne(request.OptionLevel, request.OptionName))
                return socket.Kept.Set(request.OptionLevel, request.OptionName, value, isStream: socket is StreamSocket);
            if (!TryReadInt(value, out int number) && request.OptionLevel != IpProtoIp)
                return Errno.EINVAL;
            return (request.OptionLevel, request.OptionName) switch
            {
                (SolSocket, SoReuseAddr) => Do(() => socket.Stack.ReuseAddress = number != 0),
                (SolSocket, SoReusePort) => Do(() => socket.Stack.ReusePort = number != 0),
                (SolSocket, SoBroadcast) => Do(() => socket.Stack.AllowBroadcast = number != 0),
                (SolSocket, SoKeepAlive) => Do(() => KeepAlive(socket, number != 0)),
                (SolSocket, SoLinger) => Linger(socket, value),
                (IpProtoIp, IpTos) => Do(() => socket.Stack.TypeOfService = TypeOfService(socket, (byte)number)),
                (IpProtoIp, IpTtl) => SetTimeToLive(socket.Stack, number),
                (IpProtoIp, IpMtuDiscover) => SetPathMtuDiscovery(socket.Stack, number),
                (IpProtoIpv6, Ipv6Mtu) => number is 0 or >= MinIpv6Mtu ? Errno.None : Errno.EINVAL, // nobody sends IPv6
                (IpProtoIpv6, Ipv6V6Only) => Do(() => socket.Stack.V6Only = number != 0),
                (IpProtoIp, IpRecvErr) => QueueErrors(socket, number != 0),
                _ => Describe(socket, DescriptionOf(request), number != 0),
            };
        }
    }

    public static Errno Get(ProgramSocket socket, in Request request, ref Reply reply)
    {
        if (request.OptionLevel == IpProtoTcp && socket is StreamSocket stream)
            return GetTcp(stream.Tcp, request.OptionName, ref reply);
        if ((request.OptionLevel, request.OptionName) is (IpProtoIp, IpMtu) or (IpProtoIpv6, Ipv6Mtu))
            return socket.Stack.PathMtu is { } mtu ? Write(ref reply, mtu) : Errno.ENOTCONN;
        if (KeptOptions.IsOne(request.OptionLevel, request.OptionName))
            return Write(ref reply, socket.Kept.Get(request.OptionLevel, request.OptionName));
        if (GroupOptions.IsOne(request.OptionLevel, request.OptionName))
            return Write(ref reply, GroupOptions.Get(socket, request.OptionLevel, request.OptionName));
        int? number = (request.OptionLevel, request.OptionName) switch
        {
            (SolSocket, SoReuseAddr) => socket.Stack.ReuseAddress ? 1 : 0,
            (SolSocket, SoReusePort) => socket.Stack.ReusePort ? 1 : 0,
            (SolSocket, SoBroadcast) => socket.Stack.AllowBroadcast ? 1 : 0,
            (IpProtoIp, IpTos) => socket.Stack.TypeOfService,
            (IpProtoIp, IpTtl) => socket.Stack.TimeToLive,
            (IpProtoIp, IpMtuDiscover) => (int)socket.Stack.PathMtuDiscovery,
            (IpProtoIpv6, Ipv6V6Only) => socket.Stack.V6Only ? 1 : 0,
            _ => Describes(socket, DescriptionOf(request)),
        };
        return Write(ref reply, number);
    }

    private static Errno SetTcp(TcpSocket tcp, int name, ReadOnlySpan<byte> value)
    {
        if (name == TcpCongestion)
        {
            string algorithm = Encoding.ASCII.GetString(value).TrimEnd('\0');
            if (algorithm is not ("cubic" or "reno"))
                return Errno.ENOENT;
            tcp.CongestionControl = algorithm;
            return Errno.None;
        }
        if (!TryReadInt(value, out int number))
            return Errno.EINVAL;
        switch (name)
        {
            case TcpNoDelay:
                tcp.NoDelay = number != 0;
                return Errno.None;
            case TcpMaxSegment when number is 0 or (>= MinSegmentSize and <= MaxSegmentSize):
                tcp.MaxSegmentSize = number == 0 ? null : number;
                return Errno.None;
            case TcpCork:
                tcp.Cork = number != 0;
                return Errno.None;
            case TcpKeepIdle when number is >= 1 and <= MaxKeepIdleSeconds:
                tcp.KeepAliveIdle = TimeSpan.FromSeconds(number);
                return Errno.None;
            case TcpKeepInterval when number is >= 1 and <= MaxKeepIntervalSeconds:
                tcp.KeepAliveInterval = TimeSpan.FromSeconds(number);
                return Errno.None;
            case TcpKeepCount when number is >= 1 and <= MaxKeepCount:
                tcp.KeepAliveCount = number;
                return Errno.None;
            case TcpUserTimeout when number >= 0:
                tcp.UserTimeout = TimeSpan.FromMilliseconds(number);
                return Errno.None;
            case TcpMaxSegment or TcpKeepIdle or TcpKeepInterval or TcpKeepCount or TcpUserTimeout:
                return Errno.EINVAL;
            default:
                return Errno.ENOPROTOOPT;
        }
    }

    private static Errno GetTcp(TcpSocket tcp, int name, ref Reply reply) => name switch
    {
        TcpInfo => GetTcpInfo(tcp, ref reply),
        TcpCongestion => GetCongestionControl(tcp, ref reply),
        TcpNoDelay => Write(ref reply, tcp.NoDelay ? 1 : 0),
        TcpMaxSegment => Write(ref reply, tcp.SegmentSize > 0 ? tcp.SegmentSize : tcp.MaxSegmentSize ?? UnconnectedSegmentSize),
        TcpCork => Write(ref reply, tcp.Cork ? 1 : 0),
        TcpKeepIdle => Write(ref reply, (int)tcp.KeepAliveIdle.TotalSeconds),
        TcpKeepInterval => Write(ref reply, (int)tcp.KeepAliveInterval.TotalSeconds),
        TcpKeepCount => Write(ref reply, tcp.KeepAliveCount),
        TcpUserTimeout => Write(ref reply, (int)tcp.UserTimeout.TotalMilliseconds),
        _ => Errno.ENOPROTOOPT,
    };

    private static Errno GetCongestionControl(TcpSocket tcp, ref Reply reply)
    {
        fixed (byte* octets = reply.Option)
            _ = Encoding.ASCII.GetBytes(tcp.CongestionControl, new Span<byte>(octets, CongestionNameCapacity));
        reply.OptionLength = CongestionNameCapacity;
        return Errno.None;
    }

    /// <summary>TCP_INFO, as far as the stack knows it.</summary>
    private static Errno GetTcpInfo(TcpSocket tcp, ref Reply reply)
    {
        uint segment = (uint)Math.Max(1, tcp.SegmentSize);
        TcpInformation information = new()
        {
            State = tcp.StateNumber,
            RetransmissionTimeoutMicroseconds = (uint)tcp.RetransmissionTimeout.TotalMicroseconds,
            SendMss = segment,
            Unacknowledged = (uint)tcp.UnacknowledgedOctets / segment,
            RoundTripMicroseconds = (uint)(tcp.SmoothedRoundTrip?.TotalMicroseconds ?? 0),
            RoundTripVariationMicroseconds = (uint)tcp.RoundTripVariation.TotalMicroseconds,
            CongestionWindow = (uint)tcp.CongestionWindow / segment,
            TotalRetransmissions = (uint)tcp.RetransmittedSegments,
        };
        fixed (byte* octets = reply.Option)
            *(TcpInformation*)octets = information;
        reply.OptionLength = (ushort)sizeof(TcpInformation);
        return Errno.None;
    }

    private static void KeepAlive(ProgramSocket socket, bool isOn)
    {
        if (socket is StreamSocket stream)
            stream.Tcp.KeepAlive = isOn;
    }

    /// <summary>struct linger: two ints, on and seconds.</summary>
    private static Errno Linger(ProgramSocket socket, ReadOnlySpan<byte> value)
    {
        if (value.Length < 2 * sizeof(int))
            return Errno.EINVAL;
        if (socket is StreamSocket stream)
        {
            stream.ResetsOnClose =
                MemoryMarshal.Read<int>(value) != 0 && MemoryMarshal.Read<int>(value[sizeof(int)..]) == 0;
        }
        return Errno.None;
    }

    /// <summary>The bits of ECN are TCP's own.</summary>
    private static byte TypeOfService(ProgramSocket socket, byte wanted)
    {
        const int congestionBits = 3;
        return socket is StreamSocket
            ? (byte)((wanted & ~congestionBits) | (socket.Stack.TypeOfService & congestionBits))
            : wanted;
    }

    private static Errno SetTimeToLive(StackSocket socket, int number)
    {
        if (number is not (-1 or (>= 1 and <= 255)))
            return Errno.EINVAL;
        socket.TimeToLive = number < 0 ? DefaultTimeToLive : (byte)number;
        return Errno.None;
    }

    private static Errno SetPathMtuDiscovery(StackSocket socket, int number)
    {
        if (!Enum.IsDefined((PathMtuDiscovery)number))
            return Errno.EINVAL;
        socket.PathMtuDiscovery = (PathMtuDiscovery)number;
        return Errno.None;
    }

    private static Errno QueueErrors(ProgramSocket socket, bool isOn)
    {
        if (socket is DatagramSocket datagrams)
            datagrams.Messages.QueuesErrors = isOn;
        return Errno.None;
    }

    private static DatagramDescriptions DescriptionOf(in Request request) => (request.OptionLevel, request.OptionName) switch
    {
        (IpProtoIp, IpPktInfo) => DatagramDescriptions.PacketInfo,
        (IpProtoIp, IpRecvTtl) => DatagramDescriptions.TimeToLive,
        (IpProtoIp, IpRecvTos) => DatagramDescriptions.TypeOfService,
        (IpProtoIpv6, Ipv6RecvPktInfo) => DatagramDescriptions.Ipv6PacketInfo,
        (IpProtoIpv6, Ipv6RecvHopLimit) => DatagramDescriptions.Ipv6HopLimit,
        (IpProtoIpv6, Ipv6RecvTClass) => DatagramDescriptions.Ipv6TrafficClass,
        (IpProtoIpv6, Ipv6RecvErr) => DatagramDescriptions.Ipv6Errors,
        _ => DatagramDescriptions.None,
    };

    private static Errno Describe(ProgramSocket socket, DatagramDescriptions description, bool isOn)
    {
        if (socket is not DatagramSocket datagrams || description == DatagramDescriptions.None)
            return Errno.ENOPROTOOPT;
        datagrams.Descriptions = isOn ? datagrams.Descriptions | description : datagrams.Descriptions & ~description;
        return Errno.None;
    }

    private static int? Describes(ProgramSocket socket, DatagramDescriptions description) =>
        socket is DatagramSocket datagrams && description != DatagramDescriptions.None
            ? (datagrams.Descriptions & description) != 0 ? 1 : 0
            : null;

    private static Errno Do(Action change)
    {
        change();
        return Errno.None;
    }

    /// <summary>Of a value that is too short for a number its first octet is one at the level IPPROTO_IP, and 0 where there is none.</summary>
    private static bool TryReadInt(ReadOnlySpan<byte> value, out int number)
    {
        if (MemoryMarshal.TryRead(value, out number))
            return true;
        number = value.Length > 0 ? value[0] : 0;
        return value.Length == 1;
    }

    private static Errno Write(ref Reply reply, int? number)
    {
        if (number is not { } value)
            return Errno.ENOPROTOOPT;
        fixed (byte* octets = reply.Option)
            *(int*)octets = value;
        reply.OptionLength = sizeof(int);
        return Errno.None;
    }
}
