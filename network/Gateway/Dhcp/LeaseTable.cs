using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway.Dhcp;

/// <summary>An address that a client has, or was offered.</summary>
/// <param name="Client">What the server knows the client by.</param>
/// <param name="Address">The address.</param>
/// <param name="ExpiresAt">Until when it is the client's.</param>
internal sealed record Lease(string Client, IpAddress Address, Instant ExpiresAt)
{
    public bool IsOver(Instant now) => ExpiresAt <= now;
}

/// <summary>Who has which address. An expired lease is remembered until somebody else gets the address.</summary>
internal sealed class LeaseTable
{
    /// <summary>Clients that are remembered at most.</summary>
    public const int Capacity = 4096;

    private readonly Dictionary<string, Lease> _byClient = [];
    private readonly Dictionary<IpAddress, Lease> _byAddress = [];

    /// <summary>Leases that are not over.</summary>
    public int Count(Instant now) => _byClient.Values.Count(lease => !lease.IsOver(now));

    public Lease? Find(string client) => _byClient.GetValueOrDefault(client);

    /// <summary>Whether somebody has the address, or was just offered it.</summary>
    public bool IsHeld(IpAddress address, Instant now) =>
        _byAddress.TryGetValue(address, out Lease? lease) && !lease.IsOver(now);

    /// <summary>The same by somebody other than this client.</summary>
    public bool IsHeldByOther(IpAddress address, string client, Instant now) =>
        _byAddress.TryGetValue(address, out Lease? lease) && lease.Client != client && !lease.IsOver(now);

    /// <summary>Notes a lease in place of what the client had, and of what is over of the address.</summary>
    /// <returns>False if there are too many clients.</returns>
    public bool TrySet(Lease lease, Instant now)
    {
        Remove(lease.Client);
        if (_byAddress.TryGetValue(lease.Address, out Lease? other))
            Remove(other.Client);
        if (_byClient.Count >= Capacity)
            RemoveExpired(now);
        if (_byClient.Count >= Capacity)
            return false;
        _byClient.Add(lease.Client, lease);
        _byAddress.Add(lease.Address, lease);
        return true;
    }

    public void Remove(string client)
    {
        if (_byClient.Remove(client, out Lease? lease))
            _byAddress.Remove(lease.Address);
    }

    private void RemoveExpired(Instant now)
    {
        foreach (Lease lease in _byClient.Values.Where(lease => lease.IsOver(now)).ToArray())
            Remove(lease.Client);
    }
}
