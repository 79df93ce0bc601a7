using System.Runtime.InteropServices;

namespace Pyco.Posix;

/// <summary>
/// The first 104 octets of struct tcp_info (linux/tcp.h), which is what programs before 2012 knew. Fields that nobody
/// fills are left out. The C probe tells the offsets in a test.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 104)]
internal struct TcpInformation
{
    /// <summary>TCP_ESTABLISHED and the others of linux/tcp.h.</summary>
    [FieldOffset(0)]
    public byte State;

    [FieldOffset(8)]
    public uint RetransmissionTimeoutMicroseconds;

    /// <summary>In octets.</summary>
    [FieldOffset(16)]
    public uint SendMss;

    /// <summary>In segments.</summary>
    [FieldOffset(24)]
    public uint Unacknowledged;

    [FieldOffset(68)]
    public uint RoundTripMicroseconds;

    [FieldOffset(72)]
    public uint RoundTripVariationMicroseconds;

    /// <summary>In segments.</summary>
    [FieldOffset(80)]
    public uint CongestionWindow;

    [FieldOffset(100)]
    public uint TotalRetransmissions;
}
