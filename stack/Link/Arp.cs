using Pyco.Stack.Internet;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Link;

/// <summary>
/// The Address Resolution Protocol (RFC 826): answers for our addresses, asks for those of others, and tells the
/// neighbour cache and the address claims what it hears.
/// </summary>
internal sealed class Arp : INeighborDiscovery, IAddressAnnouncer
{
    private readonly EthernetInterface _link;
    private readonly LocalAddresses _addresses;
    private readonly StackCounters _counters;
    private readonly Action<Frame, Instant> _onUnreachable;

    public Arp(
        EthernetInterface link,
        LocalAddresses addresses,
        Entropy entropy,
        StackCounters counters,
        Action<Frame, Instant> onUnreachable)
    {
        (_link, _addresses, _counters, _onUnreachable) = (link, addresses, counters, onUnreachable);
        Neighbors = new NeighborCache(link, EtherType.IPv4, entropy, counters) { Discovery = this };
        Claims = new AddressClaims(addresses.Prefixes.ToArray(), this, entropy, counters);
    }

    public NeighborCache Neighbors { get; }

    public AddressClaims Claims { get; }

    /// <summary>Takes a frame whose window is the ARP packet.</summary>
    public void Receive(Frame frame, Instant now)
    {
        if (!ArpPacket.TryParse(frame.Octets, out ArpPacket packet))
        {
            _counters.Drop(frame, DropReason.MalformedArp);
            return;
        }
        Claims.OnArp(packet, _link.Mac, now);
        if (Claims.State == AddressState.Usable)
        {
            Learn(packet, now);
            Answer(packet);
        }
        frame.Dispose();
    }

    public void Solicit(IpAddress target, MacAddress? lastKnown, Instant now)
    {
        IpAddress sender = _addresses.FindOnLink(target) ?? _addresses.Prefixes[0].Address;
        Send(ArpPacket.Request, lastKnown ?? MacAddress.Broadcast, sender, default, target);
    }

    public void OnUnreachable(Frame packet, Instant now) => _onUnreachable(packet, now);

    public void SendProbe(IpAddress address, MacAddress tieBreaker) =>
        Send(ArpPacket.Request, MacAddress.Broadcast, IpAddress.AnyV4, tieBreaker, address);

    // An announcement is a request whose sender and target are the same (RFC 5227 §3 tells why not a reply).
    public void SendAnnouncement(IpAddress address) =>
        Send(ArpPacket.Request, MacAddress.Broadcast, address, default, address);

    /// <summary>RFC 826's merge: whom we know is updated; a stranger is added only if it talks to us.</summary>
    private void Learn(in ArpPacket packet, Instant now)
    {
        IpAddress sender = packet.SenderAddress;
        if (sender.IsAny || sender.IsMulticast || sender.IsLoopback ||
            _addresses.IsOwn(sender) || _addresses.IsBroadcast(sender))
            return;
        bool isForUs = _addresses.IsOwn(packet.TargetAddress);
        // Only an answer to us shows that the neighbour can hear us; an unasked one adds nobody (RFC 4861 §7.2.5).
        bool isAnswer = isForUs && packet.Operation == ArpPacket.Reply;
        bool mayAdd = isForUs && packet.Operation == ArpPacket.Request && _addresses.FindOnLink(sender) is not null;
        Neighbors.Learn(sender, packet.SenderMac, isAnswer, mayAdd, now);
    }

    private void Answer(in ArpPacket packet)
    {
        IpAddress asked = packet.TargetAddress;
        if (packet.Operation != ArpPacket.Request || packet.SenderAddress == asked || !_addresses.IsOwn(asked))
            return;
        if (Claims.Yields && packet.SenderAddress.IsAny)
            return;
        // Another host may have our own MAC, when both derive it from the address. A switch would not bring it an
        // answer sent to that MAC, so everybody gets it (RFC 5227 §2.6 allows that).
        MacAddress destination = packet.SenderMac == _link.Mac ? MacAddress.Broadcast : packet.SenderMac;
        Send(ArpPacket.Reply, destination, asked, packet.SenderMac, packet.SenderAddress);
    }

    private void Send(
        ushort operation, MacAddress destination, IpAddress sender, MacAddress targetMac, IpAddress target)
    {
        Frame frame = _link.RentFrame();
        ArpPacket.Write(frame.Append(ArpPacket.Length), operation, _link.Mac, sender, targetMac, target);
        _link.Send(frame, destination, EtherType.Arp);
    }
}
