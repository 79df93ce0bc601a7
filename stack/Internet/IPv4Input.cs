using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>How a packet came to us.</summary>
internal enum Arrival
{
    /// <summary>In a frame to our own MAC address.</summary>
    Unicast,

    /// <summary>In a frame to a broadcast or multicast MAC address.</summary>
    LinkBroadcast,

    /// <summary>From ourselves.</summary>
    Loopback,
}

/// <summary>
/// Checks arriving IPv4 packets, completes fragmented ones, and hands their content to the protocol above. This is a
/// host: what is for others is dropped (RFC 1122 §3.2.1), unless it is transparent.
/// </summary>
internal sealed class IPv4Input(
    LocalAddresses addresses,
    MulticastGroups groups,
    Reassembly reassembly,
    IPacketReceiver receiver,
    StackCounters counters)
{
    private const byte EndOfOptions = 0;
    private const byte NoOperation = 1;
    private const byte LooseSourceRoute = 131;
    private const byte StrictSourceRoute = 137;

    /// <summary>Takes a frame whose window is the IP packet and perhaps padding.</summary>
    public void Receive(Frame frame, Arrival arrival, Instant now)
    {
        if (!IPv4Header.TryParse(frame.Head, frame.AttachedOctets, out IPv4Header header))
        {
            counters.Drop(frame, DropReason.MalformedIp);
            return;
        }
        DropReason reason = Check(header, arrival, out bool isBroadcast);
        if (reason != DropReason.None)
        {
            counters.Drop(frame, reason);
            return;
        }
        var packet = new PacketInfo(header.Source, header.Destination, header.Protocol)
        {
            TimeToLive = header.TimeToLive,
            TypeOfService = header.TypeOfService,
            Identification = header.Identification,
            DontFragment = header.DontFragment,
            IsBroadcast = isBroadcast,
            ChecksumTrusted = arrival == Arrival.Loopback || frame.LacksChecksum,
        };
        frame.Truncate(header.TotalLength);
        if (header.IsFragment)
        {
            if (reassembly.TryComplete(frame, packet, now, out Frame? payload))
                receiver.Deliver(payload, packet, now);
            return;
        }
        frame.TrimStart(header.HeaderLength);
        receiver.Deliver(frame, packet, now);
    }

    private DropReason Check(in IPv4Header header, Arrival arrival, out bool isBroadcast)
    {
        IpAddress source = header.Source;
        IpAddress destination = header.Destination;
        isBroadcast = destination.IsMulticast || addresses.IsBroadcast(destination);
        if (destination.IsMulticast && !groups.Has(destination, source.IsLoopback))
            return DropReason.UnjoinedGroup;
        if (arrival == Arrival.Loopback)
            return DropReason.None; // we built it
        if (!header.IsChecksumValid)
            return DropReason.BadIpChecksum;
        if (IsMartian(header))
            return DropReason.MartianSource;
        if (!isBroadcast && !addresses.IsOwn(destination))
        {
            if (!addresses.IsTransit(destination))
                return DropReason.NotOurAddress;
            if (addresses.FindOnLink(source) is null)
                return DropReason.MartianSource; // a router's own hosts send from its subnets (RFC 2827)
        }
        if (!isBroadcast && arrival == Arrival.LinkBroadcast)
            return DropReason.OtherStation; // RFC 1122 §3.3.6
        return HasSourceRoute(header.Options) ? DropReason.SourceRouted : DropReason.None;
    }

    /// <summary>
    /// RFC 1122 §3.2.1.3; 0.0.0.0 is for hosts that ask all others for an address (DHCP), and for bridges that ask for groups without
    /// having one (RFC 4541 §2.1.1), as on Linux.
    /// </summary>
    private bool IsMartian(in IPv4Header header)
    {
        IpAddress source = header.Source;
        bool needsNoSource = header.Destination.IsLimitedBroadcast || header.Protocol == IpProtocol.Igmp;
        return (source.V4 >> 24 == 0 && !(source.IsAny && needsNoSource)) ||
            source.IsLoopback || source.IsMulticast || addresses.IsBroadcast(source) || addresses.IsOwn(source);
    }

    /// <summary>Walks the options (RFC 791 §3.1); a malformed list ends the walk, for we use no option.</summary>
    private static bool HasSourceRoute(ReadOnlySpan<byte> options)
    {
        while (options.Length > 1 && options[0] != EndOfOptions)
        {
            if (options[0] is LooseSourceRoute or StrictSourceRoute)
                return true;
            int length = options[0] == NoOperation ? 1 : options[1];
            if (length == 0 || length > options.Length)
                return false;
            options = options[length..];
        }
        return false;
    }
}

/// <summary>Takes what arrived in IP packets to the protocol that it is for.</summary>
internal interface IPacketReceiver
{
    /// <summary>Takes a frame whose window is what follows the IP header.</summary>
    void Deliver(Frame payload, in PacketInfo packet, Instant now);

    /// <summary>
    /// An incomplete packet is given up; lends its first fragment from the IP header on (RFC 792's time exceeded, code 1).
    /// </summary>
    void OnReassemblyTimeout(ReadOnlySpan<byte> firstFragment, in PacketInfo packet, Instant now);
}
