using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>
/// The Internet Control Message Protocol (RFC 792): answers echo requests, passes replies on, tells others what they sent in vain,
/// and tells our transports what they did.
/// </summary>
internal sealed class Icmp(INetworkLayer network, Func<byte, ITransport?> transports, Entropy entropy, StackCounters counters)
{
    /// <summary>An error quotes so much of the packet that the whole stays within this (RFC 1812 §4.3.2.3).</summary>
    public const int MaxErrorPacket = 576;

    private const byte TimeToLive = 64;

    private readonly IcmpRateLimit _rateLimit = new(entropy);

    /// <summary>Takes a frame whose window is the ICMP message.</summary>
    /// <param name="frame">The message.</param>
    /// <param name="packet">What the IP header said.</param>
    /// <param name="transit">Takes a request to somebody beyond us; null if the packet is for this host.</param>
    /// <param name="now">The moment.</param>
    public void Receive(Frame frame, in PacketInfo packet, TransitTraffic? transit, Instant now)
    {
        if (!IcmpHeader.TryParse(frame.Octets, out IcmpHeader header))
            counters.Drop(frame, DropReason.MalformedIcmp);
        else if (!packet.ChecksumTrusted && !header.IsChecksumValid)
            counters.Drop(frame, DropReason.BadIcmpChecksum);
        else if (header.Type == IcmpType.EchoRequest && transit is not null)
            transit.OnEcho(frame, packet.Source, packet.Destination);
        else if (header.Type == IcmpType.EchoRequest && !packet.IsBroadcast)
            AnswerEcho(frame, packet, now);
        else if (header.Type == IcmpType.EchoReply && !packet.IsBroadcast && transports(IpProtocol.Icmp) is { } echo)
            echo.Receive(frame, packet, now);
        else if (IcmpErrors.TryMap(header.Type, header.Code, out Errno errno, out bool isHard) && !packet.IsBroadcast)
        {
            PassOn(header, packet, errno, isHard, now);
            frame.Dispose();
        }
        else
            counters.Drop(frame, DropReason.IgnoredIcmp);
    }

    /// <inheritdoc cref="INetworkLayer.SendUnreachable"/>
    public void SendUnreachable(in PacketInfo packet, ReadOnlySpan<byte> transportOctets, byte code, Instant now)
    {
        if (packet.Protocol != IpProtocol.Icmp)
            TrySendUnreachable(packet, transportOctets, code, packet.Destination, now);
    }

    /// <summary>The same from an address of choice; of ICMP messages the packet is a query (RFC 1122 §3.2.2).</summary>
    /// <returns>False if nothing was sent.</returns>
    public bool TrySendUnreachable(
        in PacketInfo packet, ReadOnlySpan<byte> transportOctets, byte code, IpAddress from, Instant now)
    {
        if (!TryBegin(packet, from, now, out Route route))
            return false;
        Frame frame = network.RentFrame();
        // The packet's own header is behind us, but we have all that was in it; its options nobody needs.
        frame.Append(IcmpHeader.Length).Clear();
        IPv4Header.Write(frame.Append(IPv4Header.MinLength), new IPv4Fields(
            packet.Source, packet.Destination, packet.Protocol, IPv4Header.MinLength + transportOctets.Length)
        {
            TimeToLive = packet.TimeToLive,
            TypeOfService = packet.TypeOfService,
            Identification = packet.Identification,
            FlagsAndOffset = packet.DontFragment ? IPv4Header.DontFragmentFlag : (ushort)0,
        });
        int room = MaxErrorPacket - IPv4Header.MinLength - frame.Length;
        AppendQuote(frame, transportOctets, room);
        SendError(frame, IcmpType.DestinationUnreachable, code, route, now);
        return true;
    }

    /// <summary>Tells that a packet was given up incomplete; the quote begins with its first fragment's IP header.</summary>
    public void SendReassemblyTimeExceeded(in PacketInfo packet, ReadOnlySpan<byte> quote, Instant now)
    {
        if (packet.Protocol == IpProtocol.Icmp || !TryBegin(packet, packet.Destination, now, out Route route))
            return;
        Frame frame = network.RentFrame();
        frame.Append(IcmpHeader.Length).Clear();
        AppendQuote(frame, quote, MaxErrorPacket - IPv4Header.MinLength - frame.Length);
        SendError(frame, IcmpType.TimeExceeded, IcmpCode.ReassemblyTimeExceeded, route, now);
    }

    /// <summary>RFC 1122 §3.2.2.6: the same data back, from the address that was asked.</summary>
    private void AnswerEcho(Frame frame, in PacketInfo packet, Instant now)
    {
        if (network.TryRoute(packet.Source, packet.Destination, out Route route) != Errno.None)
        {
            counters.Drop(frame, DropReason.IgnoredIcmp);
            return;
        }
        SendEchoReply(frame, route, packet.TypeOfService, now);
    }

    /// <summary>Takes a frame whose window is the message but for its type and checksum.</summary>
    public void SendEchoReply(Frame frame, in Route route, byte typeOfService, Instant now)
    {
        IcmpHeader.Write(frame.Octets, IcmpType.EchoReply, 0);
        network.Send(frame, route, Options(typeOfService), now);
    }

    /// <summary>Gives an error to the transport whose packet it quotes (RFC 1122 §3.2.2).</summary>
    private void PassOn(in IcmpHeader message, in PacketInfo packet, Errno errno, bool isHard, Instant now)
    {
        if (!IPv4Header.TryParseQuoted(message.Payload, out IPv4Header quoted) || quoted.FragmentOffsetOctets != 0)
        {
            counters.Drop(DropReason.MalformedIcmp);
            return;
        }
        ReadOnlySpan<byte> transportOctets = message.Payload[quoted.HeaderLength..];
        if (transportOctets.Length < 8 || !network.IsLocal(quoted.Source) ||
            transports(quoted.Protocol) is not { } transport)
        {
            counters.Drop(DropReason.IgnoredIcmp);
            return;
        }
        bool isTooBig = errno == Errno.EMSGSIZE;
        transport.OnIcmpError(
            new IcmpError(quoted.Source, quoted.Destination, errno)
            {
                IsHard = isHard,
                Mtu = isTooBig ? IcmpErrors.MtuFor(message.NextHopMtu, quoted.TotalLength) : null,
                Offender = packet.Source,
                Type = message.Type,
                Code = message.Code,
                Local = packet.Destination,
                TimeToLive = packet.TimeToLive,
                TypeOfService = packet.TypeOfService,
            },
            transportOctets,
            now);
    }

    /// <summary>RFC 1122 §3.2.2's exceptions and the rate limit. Sources that name no single host never come so far.</summary>
    private bool TryBegin(in PacketInfo packet, IpAddress from, Instant now, out Route route)
    {
        route = default;
        if (packet.IsBroadcast || network.TryRoute(packet.Source, from, out route) != Errno.None)
            return false;
        if (route.IsLoopback || _rateLimit.TryTake(packet.Source, now))
            return true;
        counters.Drop(DropReason.IcmpRateLimited);
        return false;
    }

    private static void AppendQuote(Frame frame, ReadOnlySpan<byte> octets, int room)
    {
        int length = int.Min(octets.Length, room);
        octets[..length].CopyTo(frame.Append(length));
    }

    private void SendError(Frame frame, byte type, byte code, in Route route, Instant now)
    {
        IcmpHeader.Write(frame.Octets, type, code);
        network.Send(frame, route, Options(InternetworkControl), now);
    }

    /// <summary>The precedence that RFC 1812 §4.3.2.5 wants for errors, and Linux sets.</summary>
    private const byte InternetworkControl = 0xc0;

    private static PacketOptions Options(byte typeOfService) =>
        new(IpProtocol.Icmp, TimeToLive, typeOfService, DontFragment: false);
}
