namespace Pyco.Host.Bridge;

/// <summary>Options of a UDP socket that say what recvmsg(2) is to tell of each datagram.</summary>
[Flags]
internal enum DatagramDescriptions
{
    None = 0,
    PacketInfo = 1,
    TimeToLive = 2,
    TypeOfService = 4,
    Ipv6PacketInfo = 8,

    /// <summary>Datagrams from the connected peer get a header too, which has what these tell.</summary>
    NeedHeader = PacketInfo | TimeToLive | TypeOfService | Ipv6PacketInfo,

    /// <summary>This and those that follow are only kept: no datagram comes by IPv6.</summary>
    Ipv6HopLimit = 16,
    Ipv6TrafficClass = 32,
    Ipv6Errors = 64,
}
