using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Protocol;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>setsockopt(2) and getsockopt(2) for what only the stack can do; the shim answers the rest itself.</summary>
internal static unsafe class SocketOptions
{
    private const int LevelSocket = 1;
    private const int LevelIp = 0;
    private const int LevelIpv6 = 41;
    private const int LevelTcp = 6;

    /// <returns>ENOPROTOOPT for what the stack does not have, EINVAL for a value that cannot be.</returns>
    public static Errno Set(ProgramSocket socket, in Request request)
    {
        int length = Math.Min((int)request.OptionLength, HostProtocol.OptionCapacity);
        fixed (byte* octets = request.Option)
        {
            ReadOnlySpan<byte> value = new(octets, length);
            if (request.OptionLevel == LevelTcp && socket is StreamSocket stream)
                return SetTcp(stream.Tcp, request.OptionName, value);
            if (!TryReadInt(value, out int number))
                return Errno.EINVAL;
            return (request.OptionLevel, request.OptionName) switch
            {
                (LevelSocket, 2) => Do(() => socket.Stack.ReuseAddress = number != 0),
                (LevelSocket, 15) => Do(() => socket.Stack.ReusePort = number != 0),
                (LevelSocket, 6) => Do(() => socket.Stack.AllowBroadcast = number != 0),
                (LevelSocket, 9) => Do(() => KeepAlive(socket, number != 0)),
                (LevelSocket, 13) => Linger(socket, value),
                (LevelIp, 1) or (LevelIpv6, 67) => Do(() => socket.Stack.TypeOfService = (byte)number),
                (LevelIp, 2) or (LevelIpv6, 16) => SetTimeToLive(socket.Stack, number),
                (LevelIpv6, 26) => Do(() => socket.Stack.V6Only = number != 0),
                _ => Errno.ENOPROTOOPT,
            };
        }
    }

    public static Errno Get(ProgramSocket socket, in Request request, ref Reply reply)
    {
        if (request.OptionLevel == LevelTcp && socket is StreamSocket stream)
            return GetTcp(stream.Tcp, request.OptionName, ref reply);
        int? number = (request.OptionLevel, request.OptionName) switch
        {
            (LevelSocket, 2) => socket.Stack.ReuseAddress ? 1 : 0,
            (LevelSocket, 15) => socket.Stack.ReusePort ? 1 : 0,
            (LevelSocket, 6) => socket.Stack.AllowBroadcast ? 1 : 0,
            (LevelIp, 1) or (LevelIpv6, 67) => socket.Stack.TypeOfService,
            (LevelIp, 2) or (LevelIpv6, 16) => socket.Stack.TimeToLive,
            (LevelIpv6, 26) => socket.Stack.V6Only ? 1 : 0,
            _ => null,
        };
        return Write(ref reply, number);
    }

    private static Errno SetTcp(TcpSocket tcp, int name, ReadOnlySpan<byte> value)
    {
        if (name == 13)
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
            case 1:
                tcp.NoDelay = number != 0;
                return Errno.None;
            case 2 when number is 0 or (>= 88 and <= 32767): // Linux's TCP_MIN_MSS and MAX_TCP_WINDOW
                tcp.MaxSegmentSize = number == 0 ? null : number;
                return Errno.None;
            case 3:
                tcp.Cork = number != 0;
                return Errno.None;
            case 4 when number is >= 1 and <= 32767:
                tcp.KeepAliveIdle = TimeSpan.FromSeconds(number);
                return Errno.None;
            case 5 when number is >= 1 and <= 32767:
                tcp.KeepAliveInterval = TimeSpan.FromSeconds(number);
                return Errno.None;
            case 6 when number is >= 1 and <= 127:
                tcp.KeepAliveCount = number;
                return Errno.None;
            case 18 when number >= 0:
                tcp.UserTimeout = TimeSpan.FromMilliseconds(number);
                return Errno.None;
            case 2 or 4 or 5 or 6 or 18:
                return Errno.EINVAL;
            default:
                return Errno.ENOPROTOOPT;
        }
    }

    private static Errno GetTcp(TcpSocket tcp, int name, ref Reply reply)
    {
        if (name == 11)
            return GetTcpInfo(tcp, ref reply);
        if (name != 13)
        {
            return Write(ref reply, name switch
            {
                1 => tcp.NoDelay ? 1 : 0,
                2 => tcp.MaxSegmentSize ?? 1448,
                3 => tcp.Cork ? 1 : 0,
                4 => (int)tcp.KeepAliveIdle.TotalSeconds,
                5 => (int)tcp.KeepAliveInterval.TotalSeconds,
                6 => tcp.KeepAliveCount,
                18 => (int)tcp.UserTimeout.TotalMilliseconds,
                _ => null,
            });
        }
        const int nameCapacity = 16; // TCP_CA_NAME_MAX
        fixed (byte* octets = reply.Option)
            _ = Encoding.ASCII.GetBytes(tcp.CongestionControl, new Span<byte>(octets, nameCapacity));
        reply.OptionLength = nameCapacity;
        return Errno.None;
    }

    /// <summary>The first 104 octets of struct tcp_info (linux/tcp.h), which is what programs before 2012 knew.</summary>
    private static Errno GetTcpInfo(TcpSocket tcp, ref Reply reply)
    {
        const int length = 104;
        fixed (byte* octets = reply.Option)
        {
            uint* words = (uint*)octets;
            uint segment = (uint)Math.Max(1, tcp.SegmentSize);
            words[4] = segment; // tcpi_snd_mss
            words[6] = (uint)tcp.UnacknowledgedOctets / segment; // tcpi_unacked
            words[17] = (uint)(tcp.SmoothedRoundTrip?.TotalMicroseconds ?? 0); // tcpi_rtt
            words[18] = (uint)(tcp.RoundTripVariation.TotalMicroseconds); // tcpi_rttvar
            words[20] = (uint)tcp.CongestionWindow / segment; // tcpi_snd_cwnd
            words[25] = (uint)tcp.RetransmittedSegments; // tcpi_total_retrans
        }
        reply.OptionLength = length;
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

    private static Errno SetTimeToLive(StackSocket socket, int number)
    {
        if (number is not (-1 or (>= 1 and <= 255)))
            return Errno.EINVAL;
        socket.TimeToLive = number < 0 ? (byte)64 : (byte)number;
        return Errno.None;
    }

    private static Errno Do(Action change)
    {
        change();
        return Errno.None;
    }

    private static bool TryReadInt(ReadOnlySpan<byte> value, out int number)
    {
        number = value.Length == 1 ? value[0] : 0;
        return value.Length == 1 || MemoryMarshal.TryRead(value, out number);
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
