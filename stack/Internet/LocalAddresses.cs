using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>The addresses of this host and what follows from them: subnets and their broadcast addresses.</summary>
/// <param name="prefixes">The addresses with the length of their subnets.</param>
/// <param name="isTransparent">See <see cref="StackOptions.IsTransparent"/>.</param>
internal sealed class LocalAddresses(IReadOnlyList<IpPrefix> prefixes, bool isTransparent)
{
    private readonly IpPrefix[] _prefixes = [.. prefixes];

    // Looked at with every packet, so worked out once.
    private readonly IpAddress[] _broadcasts =
        [IpAddress.BroadcastV4, .. prefixes.Select(prefix => prefix.DirectedBroadcast).OfType<IpAddress>()];

    public ReadOnlySpan<IpPrefix> Prefixes => _prefixes;

    /// <summary>True for an address that the wire knows us by, which loopback is not.</summary>
    public bool IsOwn(IpAddress address)
    {
        foreach (ref readonly IpPrefix prefix in _prefixes.AsSpan())
        {
            if (prefix.Address == address)
                return true;
        }
        return false;
    }

    /// <summary>True for the limited broadcast address and those of our subnets (RFC 919, RFC 922).</summary>
    public bool IsBroadcast(IpAddress address) => _broadcasts.AsSpan().Contains(address);

    /// <summary>
    /// True for an address beyond our subnets that a transparent stack answers for. 0/8 and 127/8 are on no wire
    /// (RFC 1122 §3.2.1.3).
    /// </summary>
    public bool IsTransit(IpAddress address) =>
        isTransparent && address is { IsV4: true, IsMulticast: false, IsLoopback: false, IsLimitedBroadcast: false } &&
        address.V4 >> 24 != 0 && FindOnLink(address) is null;

    /// <summary>The own address in the smallest of our subnets that has the other address too, or null.</summary>
    public IpAddress? FindOnLink(IpAddress other)
    {
        IpAddress? found = null;
        int longest = -1;
        foreach (ref readonly IpPrefix prefix in _prefixes.AsSpan())
        {
            if (prefix.Length > longest && prefix.Contains(other))
                (found, longest) = (prefix.Address, prefix.Length);
        }
        return found;
    }
}
