using Pyco.Stack.Link;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>
/// IPv4 as a whole: what transports ask of it, what arrives from the link and from ourselves, and ICMP. IPv6 will stand
/// beside it, chosen by the address's family.
/// </summary>
internal sealed class InternetLayer : INetworkLayer, IPacketReceiver
{
    private readonly LocalAddresses _addresses;
    private readonly Arp _arp;
    private readonly FramePool _frames;
    private readonly FramePool _largeFrames;
    private readonly FramePool _smallFrames;
    private readonly StackCounters _counters;
    private readonly PathMtuCache _pathMtus = new();
    private readonly LoopbackQueue _loopback;
    private readonly RouteTable _routes;
    private readonly Reassembly _reassembly;
    private readonly IPv4Input _input;
    private readonly IPv4Output _output;
    private readonly Icmp _icmp;
    private readonly Igmp _igmp;

    public InternetLayer(
        StackOptions options, EthernetInterface link, StackMemory memory, Entropy entropy, StackCounters counters)
    {
        _frames = memory.Frames;
        _largeFrames = memory.LargeFrames;
        _smallFrames = memory.SmallFrames;
        _counters = counters;
        _addresses = new LocalAddresses(options.Addresses, options.IsTransparent);
        _arp = new Arp(link, _addresses, entropy, counters, OnNeighborUnreachable);
        _loopback = new LoopbackQueue(counters);
        _igmp = new Igmp(this, entropy, counters);
        Groups = new MulticastGroups(_igmp);
        int loopbackMtu = _frames.FrameCapacity - FramePool.DefaultHeadroom;
        _routes = new RouteTable(_addresses, _arp.Claims, options.Gateway, link, loopbackMtu, _pathMtus, Groups);
        _output = new IPv4Output(link, _arp.Neighbors, _arp.Claims, _loopback, entropy, counters);
        _reassembly = new Reassembly(_largeFrames, _frames, counters) { Receiver = this };
        _input = new IPv4Input(_addresses, Groups, _reassembly, this, counters);
        _icmp = new Icmp(this, TransportFor, entropy, counters);
    }

    /// <summary>Set once, by the stack.</summary>
    public ITransport? Tcp { get; set; }

    /// <inheritdoc cref="Tcp"/>
    public ITransport? Udp { get; set; }

    /// <inheritdoc cref="Tcp"/>
    public ITransport? Echo { get; set; }

    /// <summary>Gets what is for addresses beyond us; null unless the stack is transparent.</summary>
    public TransitTraffic? Transit { get; set; }

    public AddressClaims Claims => _arp.Claims;

    public MulticastGroups Groups { get; }

    public bool HasLoopback => !_loopback.IsEmpty;

    /// <summary>Takes a frame from the wire whose window is the IP packet.</summary>
    public void ReceiveIPv4(Frame frame, Arrival arrival, Instant now)
    {
        if (Claims.State != AddressState.Usable)
            _counters.Drop(frame, DropReason.AddressNotUsable);
        else
            _input.Receive(frame, arrival, now);
    }

    /// <summary>Takes a frame whose window is the ARP packet.</summary>
    public void ReceiveArp(Frame frame, Instant now) => _arp.Receive(frame, now);

    /// <summary>Takes in one packet that this host sent to itself.</summary>
    /// <returns>False if there is none.</returns>
    public bool TryReceiveLoopback(Instant now)
    {
        if (!_loopback.TryDequeue(out Frame? packet))
            return false;
        _input.Receive(packet, Arrival.Loopback, now);
        return true;
    }

    public Instant? Advance(Instant now)
    {
        _pathMtus.Advance(now);
        Instant? next = _arp.Claims.Advance(now);
        next = Instant.Earlier(next, _arp.Neighbors.Advance(now));
        next = Instant.Earlier(next, _igmp.Advance(now));
        return Instant.Earlier(next, _reassembly.Advance(now));
    }

    /// <summary>The link is back after it was away: tells again who and of which groups we are.</summary>
    public void AnnounceAgain(Instant now)
    {
        Claims.AnnounceAgain(now);
        _igmp.ReportAgain();
    }

    /// <summary>Drops all packets that are held.</summary>
    public void ShutDown()
    {
        while (_loopback.TryDequeue(out Frame? packet))
            _counters.Drop(packet, DropReason.ShutDown);
        _arp.Neighbors.ShutDown();
        _reassembly.ShutDown();
        Transit?.ShutDown();
    }

    public Errno TryRoute(IpAddress destination, IpAddress source, out Route route) =>
        _routes.TryFind(destination, source, out route);

    // ::1 is nobody's: no route leads to it, and a program that may bind it would wait there in vain.
    public bool IsLocal(IpAddress address) =>
        (address.IsV4 && address.IsLoopback) || _addresses.IsOwn(address) || _addresses.IsTransit(address);

    public bool IsBroadcast(IpAddress address) => _addresses.IsBroadcast(address);

    public Frame RentFrame() => _frames.Rent();

    public Frame RentFrame(int payloadOctets) =>
        payloadOctets <= _frames.FrameCapacity - FramePool.DefaultHeadroom ? _frames.Rent() : _largeFrames.Rent();

    public Frame Compact(Frame frame)
    {
        if (frame.Capacity <= _smallFrames.FrameCapacity || frame.Length > _smallFrames.FrameCapacity)
            return frame;
        Frame small = _smallFrames.Rent(headroom: 0);
        small.AppendCopyOf(frame);
        frame.Dispose();
        return small;
    }

    public void Send(Frame frame, in Route route, in PacketOptions options, Instant now) =>
        _output.Send(frame, route, options, now);

    public void ConfirmReachable(in Route route, Instant now)
    {
        if (!route.IsLoopback)
            _arp.Neighbors.ConfirmReachable(route.NextHop, now);
    }

    public void ReportPathMtu(IpAddress destination, int mtu, Instant now) => _pathMtus.Set(destination, mtu, now);

    public void SendUnreachable(in PacketInfo packet, ReadOnlySpan<byte> transportOctets, byte code, Instant now) =>
        _icmp.SendUnreachable(packet, transportOctets, code, now);

    /// <summary>Tells a host about a packet that we took in another's name.</summary>
    /// <returns>False if the rate limit has held it back.</returns>
    public bool SendTransitUnreachable(
        in PacketInfo packet, ReadOnlySpan<byte> transportOctets, UnreachableReason reason, Instant now)
    {
        // Only the destination itself knows about its ports; of all else the router tells (RFC 1812 §4.3.2.4).
        IpAddress from = reason == UnreachableReason.Port ? packet.Destination : IpAddress.AnyV4;
        return _icmp.TrySendUnreachable(packet, transportOctets, (byte)reason, from, now);
    }

    public void SendTransitEchoReply(ReadOnlySpan<byte> message, IpAddress from, IpAddress to, Instant now)
    {
        if (message.Length < IcmpHeader.Length || TryRoute(to, from, out Route route) != Errno.None)
            return;
        Frame frame = RentFrame(message.Length);
        message.CopyTo(frame.Append(message.Length));
        _icmp.SendEchoReply(frame, route, typeOfService: 0, now);
    }

    public void Deliver(Frame payload, in PacketInfo packet, Instant now)
    {
        if (packet.Protocol == IpProtocol.Icmp)
            _icmp.Receive(payload, packet, _addresses.IsTransit(packet.Destination) ? Transit : null, now);
        else if (packet.Protocol == IpProtocol.Igmp)
            _igmp.Receive(payload, now);
        else if (TransportFor(packet.Protocol) is { } transport)
            transport.Receive(payload, packet, now);
        else
        {
            SendUnreachable(packet, payload.Head, IcmpCode.ProtocolUnreachable, now);
            _counters.Drop(payload, DropReason.UnknownProtocol);
        }
    }

    public void OnReassemblyTimeout(ReadOnlySpan<byte> firstFragment, in PacketInfo packet, Instant now) =>
        _icmp.SendReassemblyTimeExceeded(packet, firstFragment, now);

    private ITransport? TransportFor(byte protocol) => protocol switch
    {
        IpProtocol.Tcp => Tcp,
        IpProtocol.Udp => Udp,
        IpProtocol.Icmp => Echo, // for its replies and errors
        _ => null,
    };

    /// <summary>Tells the sender of a packet that nobody answered for its next hop, as an ICMP error would.</summary>
    private void OnNeighborUnreachable(Frame packet, Instant now)
    {
        if (IPv4Header.TryParse(packet.Head, packet.AttachedOctets, out IPv4Header header) && header.FragmentOffsetOctets == 0)
        {
            TransportFor(header.Protocol)?.OnIcmpError(
                new IcmpError(header.Source, header.Destination, Errno.EHOSTUNREACH)
                {
                    Offender = header.Source,
                    Type = IcmpType.DestinationUnreachable,
                    Code = IcmpCode.HostUnreachable,
                },
                packet.Head[header.HeaderLength..],
                now);
        }
        packet.Dispose();
    }
}
