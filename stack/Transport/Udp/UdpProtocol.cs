using System.Buffers.Binary;
using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Udp;

/// <summary>The User Datagram Protocol (RFC 768) between the sockets and the internet layer.</summary>
internal sealed class UdpProtocol(
    INetworkLayer network, Queue<StackSocket> changed, Entropy entropy, StackCounters counters) : ITransport
{
    private readonly UdpPorts _ports = new();

    /// <summary>Gets what no socket is bound for; null unless the stack is transparent.</summary>
    public TransitTraffic? Transit { get; set; }

    public UdpSocket Open(bool isV6) => new(this, changed, isV6);

    public MulticastOptions NewMulticastOptions() => new(network);

    /// <summary>See <see cref="UdpSocket.Bind"/>; the socket is unbound.</summary>
    public Errno Bind(UdpSocket socket, IpEndpoint local)
    {
        Errno errno = CheckFamily(socket, local.Address, Errno.EINVAL);
        if (errno != Errno.None)
            return errno;
        IpAddress address = local.Address;
        if (!address.IsAny && !address.IsMulticast && !network.IsLocal(address) && !network.IsBroadcast(address))
            return Errno.EADDRNOTAVAIL;
        ushort port = local.Port;
        if (port == 0)
        {
            if (!EphemeralPorts.TryChoose(entropy, candidate => IsUnused(socket, address, candidate), out port))
                return Errno.EADDRINUSE;
        }
        else if (!_ports.IsFree(socket, address, port))
            return Errno.EADDRINUSE;
        socket.SetLocal(new IpEndpoint(address, port));
        _ports.Add(socket);
        return Errno.None;
    }

    /// <summary>See <see cref="UdpSocket.Connect"/>; the socket is bound.</summary>
    public Errno FindRoute(UdpSocket socket, IpAddress destination, out Route route) =>
        FindRoute(socket, destination, from: null, out route);

    /// <summary>The same from a certain one of our addresses.</summary>
    private Errno FindRoute(UdpSocket socket, IpAddress destination, IpAddress? from, out Route route)
    {
        route = default;
        Errno errno = CheckFamily(socket, destination, Errno.ENETUNREACH);
        if (errno != Errno.None)
            return errno;
        if (from is { } wanted && !network.IsLocal(wanted))
            return Errno.EINVAL; // Linux's, where the source comes with the datagram
        // A socket may be bound to a broadcast or multicast address, which is nobody's source.
        IpAddress local = from ?? socket.Local.Address;
        IpAddress source = network.IsLocal(local) ? local
            : destination.IsMulticast ? socket.Multicast.Interface
            : IpAddress.AnyV4;
        errno = network.TryRoute(destination, source, out route);
        if (errno == Errno.None && route.IsBroadcast && !socket.AllowBroadcast)
            return Errno.EACCES;
        return errno;
    }

    public Errno Send(UdpSocket socket, ReadOnlySpan<byte> payload, IpEndpoint to, in DatagramMarks marks, Instant now)
    {
        if (to.Port == 0)
            return Errno.EINVAL;
        Errno errno = FindRoute(socket, to.Address, marks.Source, out Route route);
        if (errno != Errno.None)
            return errno;
        byte timeToLive = marks.TimeToLive ?? (route.Destination.IsMulticast ? socket.Multicast.TimeToLive : socket.TimeToLive);
        if (route.Destination.IsMulticast && !TryReach(socket.Multicast, timeToLive, ref route))
            return Errno.None;
        PathMtuDiscovery discovery = socket.PathMtuDiscovery;
        if (discovery >= PathMtuDiscovery.Probe)
            route = route with { Mtu = route.LinkMtu };
        bool fits = IPv4Header.MinLength + UdpHeader.Length + payload.Length <= route.Mtu;
        if (!fits && discovery is PathMtuDiscovery.Always or PathMtuDiscovery.Probe or PathMtuDiscovery.Interface)
            return Errno.EMSGSIZE;
        bool mayBeCut = !fits || discovery is PathMtuDiscovery.Never or PathMtuDiscovery.Interface or PathMtuDiscovery.Omit;
        Send(route, socket.Local.Port, to.Port, payload, timeToLive, marks.TypeOfService ?? socket.TypeOfService, !mayBeCut, now);
        return Errno.None;
    }

    /// <summary>How far a datagram to a group may go.</summary>
    /// <returns>False if nobody may have it.</returns>
    private static bool TryReach(MulticastOptions options, byte timeToLive, ref Route route)
    {
        if (!options.LoopsBack)
            route = route with { ReturnsCopy = false };
        if (timeToLive > 0 || route.IsLoopback)
            return true;
        bool hasMembers = route.ReturnsCopy;
        route = route with { IsLoopback = true };
        return hasMembers;
    }

    /// <summary>Sends a datagram that may be of no socket, whole if it fits; the payload is lent.</summary>
    /// <returns>None: what becomes of it is not known here.</returns>
    public Errno Send(
        in Route route,
        ushort sourcePort,
        ushort destinationPort,
        ReadOnlySpan<byte> payload,
        byte timeToLive,
        byte typeOfService,
        Instant now)
    {
        bool fits = IPv4Header.MinLength + UdpHeader.Length + payload.Length <= route.Mtu;
        Send(route, sourcePort, destinationPort, payload, timeToLive, typeOfService, dontFragment: fits, now);
        return Errno.None;
    }

    private void Send(
        in Route route,
        ushort sourcePort,
        ushort destinationPort,
        ReadOnlySpan<byte> payload,
        byte timeToLive,
        byte typeOfService,
        bool dontFragment,
        Instant now)
    {
        int length = UdpHeader.Length + payload.Length;
        Frame frame = network.RentFrame(length);
        Span<byte> datagram = frame.Append(length);
        payload.CopyTo(datagram[UdpHeader.Length..]);
        // Where a fragment leaves the process, nobody could compute the checksum of the whole.
        frame.LacksChecksum = route.ChecksumTrusted && IPv4Header.MinLength + length <= route.Mtu;
        uint? pseudoHeader = frame.LacksChecksum
            ? null
            : Checksum.PseudoHeader(route.Source, route.Destination, IpProtocol.Udp, length);
        UdpHeader.Write(datagram, sourcePort, destinationPort, pseudoHeader);
        network.Send(frame, route, new PacketOptions(IpProtocol.Udp, timeToLive, typeOfService, dontFragment), now);
    }

    public void Release(UdpSocket socket) => _ports.Remove(socket);

    public void Receive(Frame frame, in PacketInfo packet, Instant now)
    {
        if (!UdpHeader.TryParse(frame.Octets, out UdpHeader header))
        {
            counters.Drop(frame, DropReason.MalformedUdp);
            return;
        }
        frame.Truncate(header.DatagramLength);
        if (!packet.ChecksumTrusted && !header.HasNoChecksum && !Checksum.IsValid(Checksum.Add(
            Checksum.PseudoHeader(packet.Source, packet.Destination, IpProtocol.Udp, frame.Length), frame.Octets)))
        {
            counters.Drop(frame, DropReason.BadUdpChecksum);
            return;
        }
        var source = new IpEndpoint(packet.Source, header.SourcePort);
        var destination = new IpEndpoint(packet.Destination, header.DestinationPort);
        if (packet.IsBroadcast)
            DeliverToAll(frame, packet, source, destination);
        else if (_ports.Find(destination, source) is { } socket)
            Deliver(socket, frame, packet, source, destination);
        else if (Transit is { } transit)
        {
            frame.TrimStart(UdpHeader.Length);
            transit.OnDatagram(frame, source, destination);
        }
        else
        {
            network.SendUnreachable(packet, frame.Octets, IcmpCode.PortUnreachable, now);
            counters.Drop(frame, DropReason.NoUdpSocket);
        }
    }

    /// <summary>
    /// Only a connected socket learns of errors, and only of final ones (RFC 1122 §4.1.3.3, as Linux has it), unless it wants all.
    /// </summary>
    public void OnIcmpError(in IcmpError error, ReadOnlySpan<byte> quotedTransportOctets, Instant now)
    {
        if (quotedTransportOctets.Length < UdpHeader.Length)
            return;
        var local = new IpEndpoint(error.Source, BinaryPrimitives.ReadUInt16BigEndian(quotedTransportOctets));
        var remote = new IpEndpoint(
            error.Destination, BinaryPrimitives.ReadUInt16BigEndian(quotedTransportOctets[2..]));
        if (_ports.Find(local, remote) is not { } socket)
            return;
        if (error.Mtu is { } mtu)
            network.ReportPathMtu(error.Destination, mtu, now);
        if (socket.QueuesErrors)
        {
            ReadOnlySpan<byte> payload = quotedTransportOctets[UdpHeader.Length..];
            socket.Queue(new DatagramError
            {
                Errno = error.Errno,
                Destination = remote,
                Offender = error.Offender,
                Type = error.Type,
                Code = error.Code,
                Mtu = error.Mtu ?? 0,
                TimeToLive = error.TimeToLive,
                TypeOfService = error.TypeOfService,
                Local = error.Local,
                Payload = payload[..Math.Min(payload.Length, DatagramError.MostPayload)].ToArray(),
            });
        }
        if (socket.QueuesErrors || (socket.Remote is not null && (error.IsHard || error.Errno == Errno.EMSGSIZE)))
            socket.Fail(error.Errno);
    }

    public Instant? Advance(Instant now) => null;

    private void DeliverToAll(Frame frame, in PacketInfo packet, IpEndpoint source, IpEndpoint destination)
    {
        UdpSocket? last = null;
        IReadOnlyList<UdpSocket> sockets = _ports.At(destination.Port);
        for (int index = 0; index < sockets.Count; index++)
        {
            if (!UdpPorts.WantsBroadcast(sockets[index], destination, source) || !Takes(sockets[index], destination, source))
                continue;
            if (last is not null)
            {
                Frame copy = network.RentFrame(frame.Length);
                frame.Octets.CopyTo(copy.Append(frame.Length));
                Deliver(last, copy, packet, source, destination);
            }
            last = sockets[index];
        }
        if (last is null)
            counters.Drop(frame, DropReason.NoUdpSocket);
        else
            Deliver(last, frame, packet, source, destination);
    }

    private static bool Takes(UdpSocket socket, IpEndpoint destination, IpEndpoint source) =>
        !destination.Address.IsMulticast || socket.Multicast.Takes(destination.Address, source.Address.IsLoopback);

    private void Deliver(
        UdpSocket socket, Frame frame, in PacketInfo packet, IpEndpoint source, IpEndpoint destination)
    {
        frame.TrimStart(UdpHeader.Length);
        frame = network.Compact(frame);
        var datagram = new Datagram(frame, source, destination)
        {
            TimeToLive = packet.TimeToLive,
            TypeOfService = packet.TypeOfService,
        };
        if (!socket.TryEnqueue(datagram))
            counters.Drop(frame, DropReason.UdpReceiveQueueFull);
    }

    private bool IsUnused(UdpSocket socket, IpAddress address, ushort port)
    {
        // A port chosen for somebody who asked for none is shared with nobody, whatever the options say.
        foreach (UdpSocket other in _ports.At(port))
        {
            if (LocalBinding.Overlaps(other, socket, address))
                return false;
        }
        return true;
    }

    private static Errno CheckFamily(UdpSocket socket, IpAddress address, Errno whenV6Only) =>
        !socket.IsV6 && !address.IsV4 ? Errno.EAFNOSUPPORT
        : socket.V6Only && address.IsV4 ? whenV6Only
        : Errno.None;
}
