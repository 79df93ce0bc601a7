namespace Pyco.Stack;

/// <summary>Why the stack threw a packet away. Bad packets are weather: they are counted, not reported.</summary>
public enum DropReason
{
    None,

    /// <summary>The Ethernet header is cut short, or its source is a group address.</summary>
    MalformedEthernet,

    /// <summary>The frame is for another station: the switch flooded it.</summary>
    OtherStation,

    /// <summary>An IEEE 802.1Q tag: this host is on no VLAN.</summary>
    VlanTagged,

    /// <summary>An EtherType that the stack does not speak.</summary>
    UnknownEtherType,

    MalformedArp,

    MalformedIp,

    BadIpChecksum,

    /// <summary>A source that cannot be on the wire: broadcast, multicast, loopback, or our own address.</summary>
    MartianSource,

    /// <summary>An IP destination that is not ours. A host never forwards (RFC 1122 §3.2.1.3).</summary>
    NotOurAddress,

    /// <summary>A multicast group that nobody here has joined.</summary>
    UnjoinedGroup,

    /// <summary>A source-route option, which RFC 7126 §4.3 says to refuse.</summary>
    SourceRouted,

    UnknownProtocol,

    /// <summary>The own address is not usable: it is still being probed for, or another host has it.</summary>
    AddressNotUsable,

    MalformedIcmp,

    BadIcmpChecksum,

    /// <summary>An ICMP message that the stack neither answers nor passes on.</summary>
    IgnoredIcmp,

    /// <summary>An ICMP error that would have exceeded the rate limit (RFC 1812 §4.3.2.8).</summary>
    IcmpRateLimited,

    MalformedIgmp,

    BadIgmpChecksum,

    /// <summary>An IGMP message that is for routers, or a query of no known version.</summary>
    IgnoredIgmp,

    MalformedUdp,

    BadUdpChecksum,

    /// <summary>No socket is bound to the UDP port.</summary>
    NoUdpSocket,

    /// <summary>The socket's program does not read in time.</summary>
    MessageQueueFull,

    /// <summary>The neighbour's address is being asked for and too many packets wait already.</summary>
    NeighborQueueFull,

    NeighborTableFull,

    /// <summary>Nobody answered for the next hop's address.</summary>
    NeighborUnreachable,

    LoopbackQueueFull,

    /// <summary>The packet is larger than the MTU and must not be fragmented.</summary>
    PacketTooBig,

    /// <summary>A fragment that contradicts another one, or reaches beyond 65,535 octets.</summary>
    BadFragment,

    DuplicateFragment,

    /// <summary>Incomplete packets were given up because too much memory was held by them.</summary>
    ReassemblyMemoryFull,

    ReassemblyTimeout,

    /// <summary>The owner of a transparent stack does not keep up with what is for others.</summary>
    TransitQueueFull,

    /// <summary>The stack was shut down while it held the packet.</summary>
    ShutDown,
}
