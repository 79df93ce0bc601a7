using Pyco.Stack.Link;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>Finds the way to a destination: turned round inside, on the link, or through the gateway (RFC 1122 §3.3.1).</summary>
internal sealed class RouteTable(
    LocalAddresses addresses,
    AddressClaims claims,
    IpAddress? gateway,
    EthernetInterface link,
    int loopbackMtu,
    PathMtuCache pathMtus,
    MulticastGroups groups)
{
    /// <summary>False while the own addresses may not be used; then only loopback has a route.</summary>
    private bool IsLinkUsable => claims.State == AddressState.Usable;

    /// <inheritdoc cref="INetworkLayer.TryRoute"/>
    public Errno TryFind(IpAddress destination, IpAddress source, out Route route)
    {
        route = default;
        if (!destination.IsV4)
            return Errno.ENETUNREACH; // IPv6 is not there yet
        if (!source.IsAny && !source.IsLoopback && !addresses.IsOwn(source) && !addresses.IsTransit(source))
            return Errno.EADDRNOTAVAIL;
        if (destination.IsAny)
            destination = IpAddress.LoopbackV4; // as Linux: 0.0.0.0 means this host
        bool isOwn = addresses.IsOwn(destination);
        if (destination.IsLoopback || isOwn || (destination.IsMulticast && source.IsLoopback))
        {
            route = new Route(source.IsAny ? destination : source, destination, destination, loopbackMtu)
            {
                IsLoopback = true,
                ChecksumTrusted = true,
                MaxSuperSegment = IPv4Header.MaxPacketLength,
            };
            return isOwn && !IsLinkUsable ? Errno.ENETUNREACH : Errno.None;
        }
        if (source.IsLoopback)
            return Errno.EINVAL; // 127/8 must not appear on the wire (RFC 1122 §3.2.1.3); the errno is Linux's
        if (!IsLinkUsable || !TryFindNextHop(destination, out IpAddress nextHop, out IpAddress own))
            return Errno.ENETUNREACH;
        bool isBroadcast = addresses.IsBroadcast(destination);
        route = new Route(source.IsAny ? own : source, destination, nextHop, pathMtus.Get(destination, link.Mtu))
        {
            LinkMtu = link.Mtu,
            IsBroadcast = isBroadcast,
            ReturnsCopy = isBroadcast || (destination.IsMulticast && groups.Has(destination, isLoopback: false)),
            QueueFrames = link.QueueFrames,
            ChecksumTrusted = link.ChecksumTrusted,
            MaxSuperSegment = link.MaxSuperSegment,
        };
        return Errno.None;
    }

    private bool TryFindNextHop(IpAddress destination, out IpAddress nextHop, out IpAddress own)
    {
        nextHop = destination;
        if (addresses.FindOnLink(destination) is { } onLink)
            own = onLink;
        else if (destination.IsLimitedBroadcast || destination.IsMulticast)
            own = addresses.Prefixes[0].Address;
        else if (gateway is { } way)
        {
            nextHop = way;
            own = addresses.FindOnLink(way) ?? addresses.Prefixes[0].Address;
        }
        else
        {
            own = default;
            return false;
        }
        return true;
    }
}
