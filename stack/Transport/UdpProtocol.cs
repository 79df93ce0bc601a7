using System.Buffers.Binary;
using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport;

/// <summary>The User Datagram Protocol (RFC 768) between the sockets and the internet layer.</summary>
internal sealed class UdpProtocol(INetworkLayer network, Queue<StackSocket> changed, Entropy entropy, StackCounters counters)
    : MessageProtocol(network, entropy, counters), ITransport
{
    /// <summary>Gets what no socket is bound for; null unless the stack is transparent.</summary>
    public TransitTraffic? Transit { get; set; }

    public UdpSocket Open(bool isV6) => new(this, changed, isV6);

    protected override bool MayBind(IpAddress address) =>
        base.MayBind(address) || address.IsMulticast || Network.IsBroadcast(address);

    public override Errno Send(MessageSocket socket, ReadOnlySpan<byte> payload, IpEndpoint to, in DatagramMarks marks, Instant now)
    {
        if (to.Port == 0)
            return Errno.EINVAL;
        Errno errno = Plan(socket, IpProtocol.Udp, UdpHeader.Length + payload.Length, to.Address, marks, out MessagePlan? plan);
        if (plan is { } way)
            Send(way, socket.Local.Port, to.Port, payload, now);
        return errno;
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
        PacketOptions options = new(IpProtocol.Udp, timeToLive, typeOfService, DontFragment: fits);
        Send(new(route, options), sourcePort, destinationPort, payload, now);
        return Errno.None;
    }

    private void Send(in MessagePlan plan, ushort sourcePort, ushort destinationPort, ReadOnlySpan<byte> payload, Instant now)
    {
        Route route = plan.Route;
        int length = UdpHeader.Length + payload.Length;
        Frame frame = Network.RentFrame(length);
        Span<byte> datagram = frame.Append(length);
        payload.CopyTo(datagram[UdpHeader.Length..]);
        // Where a fragment leaves the process, nobody could compute the checksum of the whole.
        frame.LacksChecksum = route.ChecksumTrusted && IPv4Header.MinLength + length <= route.Mtu;
        uint? pseudoHeader = frame.LacksChecksum
            ? null
            : Checksum.PseudoHeader(route.Source, route.Destination, IpProtocol.Udp, length);
        UdpHeader.Write(datagram, sourcePort, destinationPort, pseudoHeader);
        Network.Send(frame, route, plan.Options, now);
    }

    public void Receive(Frame frame, in PacketInfo packet, Instant now)
    {
        if (!UdpHeader.TryParse(frame.Octets, out UdpHeader header))
        {
            Counters.Drop(frame, DropReason.MalformedUdp);
            return;
        }
        frame.Truncate(header.DatagramLength);
        if (!packet.ChecksumTrusted && !header.HasNoChecksum && !Checksum.IsValid(Checksum.Add(
            Checksum.PseudoHeader(packet.Source, packet.Destination, IpProtocol.Udp, frame.Length), frame.Octets)))
        {
            Counters.Drop(frame, DropReason.BadUdpChecksum);
            return;
        }
        var source = new IpEndpoint(packet.Source, header.SourcePort);
        var destination = new IpEndpoint(packet.Destination, header.DestinationPort);
        if (packet.IsBroadcast)
            DeliverToAll(frame, packet, source, destination);
        else if (Ports.Find(destination, source) is { } socket)
            DeliverPayload(socket, frame, packet, source, destination);
        else if (Transit is { } transit)
        {
            frame.TrimStart(UdpHeader.Length);
            transit.OnDatagram(frame, source, destination);
        }
        else
        {
            Network.SendUnreachable(packet, frame.Octets, IcmpCode.PortUnreachable, now);
            Counters.Drop(frame, DropReason.NoUdpSocket);
        }
    }

    public void OnIcmpError(in IcmpError error, ReadOnlySpan<byte> quotedTransportOctets, Instant now)
    {
        if (quotedTransportOctets.Length < UdpHeader.Length)
            return;
        var local = new IpEndpoint(error.Source, BinaryPrimitives.ReadUInt16BigEndian(quotedTransportOctets));
        var remote = new IpEndpoint(
            error.Destination, BinaryPrimitives.ReadUInt16BigEndian(quotedTransportOctets[2..]));
        if (Ports.Find(local, remote) is { } socket)
            Tell(socket, error, remote, quotedTransportOctets[UdpHeader.Length..], now);
    }

    public Instant? Advance(Instant now) => null;

    private void DeliverToAll(Frame frame, in PacketInfo packet, IpEndpoint source, IpEndpoint destination)
    {
        MessageSocket? last = null;
        IReadOnlyList<MessageSocket> sockets = Ports.At(destination.Port);
        for (int index = 0; index < sockets.Count; index++)
        {
            if (!MessagePorts.WantsBroadcast(sockets[index], destination, source) || !Takes(sockets[index], destination, source))
                continue;
            if (last is not null)
            {
                Frame copy = Network.RentFrame(frame.Length);
                frame.Octets.CopyTo(copy.Append(frame.Length));
                DeliverPayload(last, copy, packet, source, destination);
            }
            last = sockets[index];
        }
        if (last is null)
            Counters.Drop(frame, DropReason.NoUdpSocket);
        else
            DeliverPayload(last, frame, packet, source, destination);
    }

    private static bool Takes(MessageSocket socket, IpEndpoint destination, IpEndpoint source) =>
        !destination.Address.IsMulticast || socket.Multicast.Takes(destination.Address, source.Address.IsLoopback);

    private void DeliverPayload(
        MessageSocket socket, Frame frame, in PacketInfo packet, IpEndpoint source, IpEndpoint destination)
    {
        frame.TrimStart(UdpHeader.Length);
        Deliver(socket, frame, packet, source, destination);
    }
}
