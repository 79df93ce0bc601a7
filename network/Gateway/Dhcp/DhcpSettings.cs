using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway.Dhcp;

/// <summary>What a DHCP server tells its clients of the network.</summary>
/// <param name="Server">Its own address, which is the router's.</param>
/// <param name="Subnet">The subnet.</param>
/// <param name="Mtu">The largest IP packet in octets.</param>
internal sealed record DhcpSettings(IpAddress Server, IpPrefix Subnet, int Mtu)
{
    /// <summary>How long a client may keep an address that it does not ask for again.</summary>
    public static readonly TimeSpan LongestLease = TimeSpan.FromHours(1);

    /// <summary>A client that wants less would ask all the time.</summary>
    public static readonly TimeSpan ShortestLease = TimeSpan.FromMinutes(2);
}
