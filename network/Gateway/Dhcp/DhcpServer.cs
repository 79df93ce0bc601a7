using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway.Dhcp;

/// <summary>
/// A DHCP server (RFC 2131) without I/O: a client's message goes in, the answer comes out. It is the only one of its
/// network, and forgets its leases when the network ends: a client that asks for the address it has had gets it, if
/// nobody else has it, where RFC 2131 §4.3.2 lets a server be silent that does not know the client.
/// </summary>
internal sealed class DhcpServer(DhcpSettings settings, IAddressPool pool, Action<string> log)
{
    /// <summary>How long an offer is held for the client's answer.</summary>
    public static readonly TimeSpan OfferTime = TimeSpan.FromMinutes(1);

    private readonly LeaseTable _leases = new();

    public DhcpSettings Settings { get; } = settings;

    /// <summary>Whether a client has the address, or was just offered it.</summary>
    public bool Holds(IpAddress address, Instant now) => _leases.IsHeld(address, now);

    public int CountLeases(Instant now) => _leases.Count(now);

    /// <summary>Takes a message that came from a client.</summary>
    /// <returns>The answer, or null if there is none.</returns>
    public DhcpReply? Receive(DhcpMessage message, Instant now)
    {
        if (!message.RelayAddress.IsAny)
            return null; // there are no relays on a network of one switch
        switch (message.Type)
        {
            case DhcpMessageType.Discover:
                return OnDiscover(message, now);
            case DhcpMessageType.Request:
                return OnRequest(message, now);
            case DhcpMessageType.Decline:
                OnDecline(message);
                return null;
            case DhcpMessageType.Release:
                OnRelease(message, now);
                return null;
            case DhcpMessageType.Inform:
                return message.ClientAddress.IsAny ? null : new DhcpReply(message, DhcpMessageType.Acknowledge);
            default:
                return null;
        }
    }

    /// <summary>RFC 2131 §4.3.1: the address it has or had, else the one it wants, else any.</summary>
    private DhcpReply? OnDiscover(DhcpMessage message, Instant now)
    {
        IpAddress? address =
            _leases.Find(message.ClientKey) is { } known && MayHave(known.Address, message, now) ? known.Address
            : message.RequestedAddress is { } wanted && MayHave(wanted, message, now) ? wanted
            : pool.Choose();
        if (address is not { } chosen)
        {
            log($"DHCP: no address of {Settings.Subnet} is left for {Describe(message)}");
            return null;
        }
        // The client may still be using it: an offer does not shorten a lease.
        Instant until = now + OfferTime;
        if (_leases.Find(message.ClientKey) is { } lease && lease.Address == chosen && lease.ExpiresAt > until)
            until = lease.ExpiresAt;
        return _leases.TrySet(new Lease(message.ClientKey, chosen, until), now)
            ? new DhcpReply(message, DhcpMessageType.Offer) { Address = chosen, LeaseTime = LeaseTimeFor(message) }
            : null;
    }

    /// <summary>RFC 2131 §4.3.2.</summary>
    private DhcpReply? OnRequest(DhcpMessage message, Instant now)
    {
        if (message.ServerAddress is { } server && server != Settings.Server)
        {
            _leases.Remove(message.ClientKey); // it has taken another server's offer
            return null;
        }
        IpAddress? wanted = message.RequestedAddress ?? (message.ClientAddress.IsAny ? null : message.ClientAddress);
        if (wanted is not { } address)
            return null;
        bool isSelecting = message.ServerAddress is not null;
        if (isSelecting && _leases.Find(message.ClientKey)?.Address != address)
            return Refuse(message, "it was not offered");
        if (!MayHave(address, message, now))
            return Refuse(message, Settings.Subnet.Contains(address) ? "somebody else has it" : "it is of another network");
        TimeSpan time = LeaseTimeFor(message);
        bool isNew = _leases.Find(message.ClientKey) is not { } before || before.ExpiresAt <= now + OfferTime;
        if (!_leases.TrySet(new Lease(message.ClientKey, address, now + time), now))
            return null;
        if (isNew)
            log($"DHCP: {address} is {Describe(message)}'s");
        return new DhcpReply(message, DhcpMessageType.Acknowledge) { Address = address, LeaseTime = time };
    }

    /// <summary>RFC 2131 §4.3.3: the client has found out that somebody has the address.</summary>
    private void OnDecline(DhcpMessage message)
    {
        if (message.RequestedAddress is not { } address || _leases.Find(message.ClientKey)?.Address != address)
            return;
        _leases.Remove(message.ClientKey);
        pool.NoteTaken(address);
        log($"DHCP: {Describe(message)} says that somebody has {address}");
    }

    /// <summary>RFC 2131 §4.3.4: the address is free, but the client's for as long as nobody else wants it.</summary>
    private void OnRelease(DhcpMessage message, Instant now)
    {
        if (_leases.Find(message.ClientKey) is { } lease && lease.Address == message.ClientAddress && !lease.IsOver(now))
            _leases.TrySet(lease with { ExpiresAt = now }, now);
    }

    private static DhcpReply Refuse(DhcpMessage message, string reason) => new(message, DhcpMessageType.Refuse) { Reason = reason };

    private bool MayHave(IpAddress address, DhcpMessage message, Instant now) =>
        pool.MayGive(address) && !_leases.IsHeldByOther(address, message.ClientKey, now);

    private static TimeSpan LeaseTimeFor(DhcpMessage message) =>
        message.LeaseTime is not { } wanted || wanted > DhcpSettings.LongestLease ? DhcpSettings.LongestLease
        : wanted < DhcpSettings.ShortestLease ? DhcpSettings.ShortestLease
        : wanted;

    private static string Describe(DhcpMessage message)
    {
        string hardware = string.Join(':', message.HardwareAddress.Select(octet => octet.ToString("x2", null)));
        return message.HostName.Length == 0 ? hardware : $"{hardware} ({message.HostName})";
    }
}
