using Pyco.Stack.Wire;

namespace Pyco.Stack.Sockets;

/// <summary>What became of a datagram that did not arrive, for who has asked to be told (IP_RECVERR, ip(7)).</summary>
public sealed record DatagramError
{
    /// <summary>What a call on the socket would say of it.</summary>
    public required Errno Errno { get; init; }

    /// <summary>Where the datagram was to go.</summary>
    public required IpEndpoint Destination { get; init; }

    /// <summary>Who has told by ICMP that it did not arrive; null where it has not left this host.</summary>
    public IpAddress? Offender { get; init; }

    /// <summary>ICMP's type and code.</summary>
    public byte Type { get; init; }

    public byte Code { get; init; }

    /// <summary>The address of ours that was told so; no meaning without an <see cref="Offender"/>.</summary>
    public IpAddress Local { get; init; }

    /// <summary>Time to live and type of service that the ICMP message came with.</summary>
    public byte TimeToLive { get; init; }

    public byte TypeOfService { get; init; }

    /// <summary>The largest packet of the next hop that did not take this one; 0 for other errors.</summary>
    public int Mtu { get; init; }

    /// <summary>Of <see cref="Payload"/>, in octets.</summary>
    public const int MostPayload = 88;

    /// <summary>The beginning of the datagram's payload, as far as it is known.</summary>
    public byte[] Payload { get; init; } = [];
}
