using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport;

/// <summary>
/// ICMP echo (RFC 792) between the sockets and the internet layer: requests go out with the socket's identifier, which is its port,
/// and replies come back by it (Linux's net/ipv4/ping.c). Who asks us, <see cref="Icmp"/> answers.
/// </summary>
internal sealed class EchoProtocol(INetworkLayer network, Queue<StackSocket> changed, Entropy entropy, StackCounters counters)
    : MessageProtocol(network, entropy, counters), ITransport
{
    public EchoSocket Open() => new(this, changed);

    /// <returns>EINVAL for what is no echo request, or what a plan meets.</returns>
    public override Errno Send(MessageSocket socket, ReadOnlySpan<byte> payload, IpEndpoint to, in DatagramMarks marks, Instant now)
    {
        if (!IcmpHeader.TryParse(payload, out IcmpHeader header) || header is not { Type: IcmpType.EchoRequest, Code: 0 })
            return Errno.EINVAL;
        Errno errno = Plan(socket, IpProtocol.Icmp, payload.Length, to.Address, marks, out MessagePlan? plan);
        if (plan is not { } way)
            return errno;
        Frame frame = Network.RentFrame(payload.Length);
        Span<byte> message = frame.Append(payload.Length);
        payload.CopyTo(message);
        IcmpHeader.WriteIdentifier(message, socket.Local.Port);
        IcmpHeader.Write(message, IcmpType.EchoRequest, code: 0);
        Network.Send(frame, way.Route, way.Options, now);
        return Errno.None;
    }

    /// <summary>Takes a frame whose window is an echo reply that has been verified.</summary>
    public void Receive(Frame frame, in PacketInfo packet, Instant now)
    {
        _ = IcmpHeader.TryParse(frame.Octets, out IcmpHeader header);
        var destination = new IpEndpoint(packet.Destination, header.Identifier);
        if (Find(destination) is { } socket)
            Deliver(socket, frame, packet, new IpEndpoint(packet.Source, 0), destination);
        else
            Counters.Drop(frame, DropReason.IgnoredIcmp);
    }

    public void OnIcmpError(in IcmpError error, ReadOnlySpan<byte> quotedTransportOctets, Instant now)
    {
        if (IcmpHeader.TryParse(quotedTransportOctets, out IcmpHeader header) && header is { Type: IcmpType.EchoRequest, Code: 0 } &&
            Find(new IpEndpoint(error.Source, header.Identifier)) is { } socket)
            Tell(socket, error, new IpEndpoint(error.Destination, 0), quotedTransportOctets, now);
    }

    public Instant? Advance(Instant now) => null;

    /// <summary>
    /// The identifier tells whose it is, of several the newest; whom a connected socket has asked does not matter, as in Linux
    /// (ping_lookup, 6.1).
    /// </summary>
    private MessageSocket? Find(IpEndpoint local)
    {
        IReadOnlyList<MessageSocket> sockets = Ports.At(local.Port);
        for (int index = sockets.Count - 1; index >= 0; index--)
        {
            if (LocalBinding.Covers(sockets[index], local.Address))
                return sockets[index];
        }
        return null;
    }
}
