using Pyco.Stack.Wire;

namespace Pyco.Host;

/// <summary>Whether a host can have its addresses and its gateway, once the lengths of the subnets are known.</summary>
public static class AddressCheck
{
    /// <summary>What is wrong, for the user; null if nothing is.</summary>
    public static string? FindFault(IReadOnlyList<IpPrefix> addresses, IpAddress? gateway)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        foreach (IpPrefix own in addresses)
        {
            if (IsEnd(own, own.Address))
            {
                string what = own.Address == own.Network ? "network's own" : "broadcast";
                return $"{own.Address} is the {what} address of {own.Network}/{own.Length}: choose another or another length";
            }
        }
        return gateway is { } router && addresses.Count > 0 ? FindFault(addresses, router) : null;
    }

    private static string? FindFault(IReadOnlyList<IpPrefix> addresses, IpAddress gateway)
    {
        foreach (IpPrefix own in addresses)
        {
            if (own.Address == gateway)
                return $"the gateway {gateway} is the host's own address";
            if (own.Contains(gateway))
                return IsEnd(own, gateway) ? $"the gateway {gateway} is no host's address in {own.Network}/{own.Length}" : null;
        }
        return $"the gateway {gateway} cannot be reached: it is not in {addresses[0].Network}/{addresses[0].Length}";
    }

    /// <summary>A /31 or /32 has neither an address of its own nor one for broadcasts (RFC 3021).</summary>
    private static bool IsEnd(IpPrefix subnet, IpAddress address) =>
        subnet.Length <= 30 && (address == subnet.Network || address == subnet.DirectedBroadcast);
}
