using Pyco.Stack.Wire;

namespace Pyco.Stack.Sockets;

/// <summary>What one datagram is sent with, whatever the socket's options say (sendmsg(2)'s control messages, ip(7)).</summary>
public readonly record struct DatagramMarks
{
    /// <summary>The own address that it comes from (IP_PKTINFO's ipi_spec_dst); null for the socket's.</summary>
    public IpAddress? Source { get; init; }

    /// <summary>Hops that it may take (IP_TTL), to a group too; null for the socket's.</summary>
    public byte? TimeToLive { get; init; }

    /// <summary>DSCP and ECN (IP_TOS); null for the socket's.</summary>
    public byte? TypeOfService { get; init; }
}
