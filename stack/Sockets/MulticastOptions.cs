using Pyco.Stack.Internet;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Sockets;

/// <summary>What a UDP socket has to do with IPv4 multicast groups (RFC 1112), as ip(7) has it.</summary>
public sealed class MulticastOptions
{
    private const int MaxMemberships = 20; // Linux's net.ipv4.igmp_max_memberships

    private readonly INetworkLayer _network;
    private readonly List<(IpAddress Group, bool IsLoopback)> _joined = new(capacity: 0);

    internal MulticastOptions(INetworkLayer network) => _network = network;

    /// <summary>IP_MULTICAST_TTL: hops that a sent packet may take; with 0 it stays in the host.</summary>
    public byte TimeToLive { get; set; } = 1; // RFC 1112 §6.1

    /// <summary>IP_MULTICAST_LOOP: what the socket sends also goes to the members on this host.</summary>
    public bool LoopsBack { get; set; } = true;

    /// <summary>IP_MULTICAST_ALL: the socket also takes what other sockets of this host have joined for.</summary>
    public bool TakesAll { get; set; } = true;

    /// <summary>IP_MULTICAST_IF: the own address on the interface to send from; the unspecified one for the default.</summary>
    public IpAddress Interface { get; private set; } = IpAddress.AnyV4;

    /// <returns>EADDRNOTAVAIL for an address that is not this host's.</returns>
    public Errno SetInterface(IpAddress address)
    {
        if (!address.IsAny && !_network.IsLocal(address))
            return Errno.EADDRNOTAVAIL;
        Interface = address;
        return Errno.None;
    }

    /// <summary>IP_ADD_MEMBERSHIP on the interface with that own address; the unspecified one means the link.</summary>
    /// <returns>EINVAL for what is no group, ENODEV for no own address, EADDRINUSE when joined already, ENOBUFS.</returns>
    public Errno Join(IpAddress group, IpAddress address)
    {
        if (!IsGroup(group))
            return Errno.EINVAL;
        if (!address.IsAny && !_network.IsLocal(address))
            return Errno.ENODEV;
        if (_joined.Contains((group, address.IsLoopback)))
            return Errno.EADDRINUSE;
        if (_joined.Count >= MaxMemberships)
            return Errno.ENOBUFS;
        _joined.Add((group, address.IsLoopback));
        _network.Groups.Join(group, address.IsLoopback);
        return Errno.None;
    }

    /// <summary>IP_DROP_MEMBERSHIP; the unspecified address means any interface.</summary>
    /// <returns>EADDRNOTAVAIL if the socket has not joined.</returns>
    public Errno Leave(IpAddress group, IpAddress address)
    {
        foreach ((IpAddress Group, bool IsLoopback) membership in _joined)
        {
            if (membership.Group != group || (!address.IsAny && address.IsLoopback != membership.IsLoopback))
                continue;
            _joined.Remove(membership);
            _network.Groups.Leave(group, membership.IsLoopback);
            return Errno.None;
        }
        return Errno.EADDRNOTAVAIL;
    }

    internal void LeaveAll()
    {
        foreach ((IpAddress group, bool isLoopback) in _joined)
            _network.Groups.Leave(group, isLoopback);
        _joined.Clear();
    }

    /// <summary>True if the socket takes what came to a group that the host has joined.</summary>
    internal bool Takes(IpAddress group, bool isLoopback) => TakesAll || _joined.Contains((group, isLoopback));

    private static bool IsGroup(IpAddress address) => address is { IsV4: true, IsMulticast: true };
}
