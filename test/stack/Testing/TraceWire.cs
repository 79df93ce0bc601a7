using Pyco.Stack.Link;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Testing;

/// <summary>The wire below a <see cref="Trace"/>: it answers ARP for the peer, keeps TCP segments, and frames the peer's.</summary>
internal sealed class TraceWire(IpAddress peer, IpAddress stack) : ILink
{
    public static readonly MacAddress StackMac = new([2, 0, 0, 0, 0, 1]);
    private static readonly MacAddress PeerMac = new([2, 0, 0, 0, 0, 2]);

    private readonly Queue<byte[]> _sent = new();
    private bool _answersArp;

    /// <summary>All frames that the stack has sent, as they are on the wire.</summary>
    public List<byte[]> Frames { get; } = [];

    public int Mtu => 1500;

    public int? QueueFrames => null;

    public bool ChecksumTrusted => MaxSuperSegment > 0;

    public int MaxSuperSegment { get; init; }

    /// <summary>The stack has asked for the peer's hardware address.</summary>
    public bool HasAnswer => _answersArp;

    public void Send(Frame frame)
    {
        using (frame)
        {
            byte[] octets = new byte[frame.Length];
            frame.CopyTo(0, octets);
            Frames.Add(octets);
            Assert.That(EthernetHeader.TryParse(octets, out EthernetHeader ethernet));
            ReadOnlySpan<byte> packet = octets.AsSpan(EthernetHeader.Length);
            if (ethernet.Type == EtherType.Arp)
                _answersArp |= ArpPacket.TryParse(packet, out ArpPacket arp) && arp.TargetAddress == peer;
            else if (IPv4Header.TryParse(packet, out IPv4Header ip) && ip.Protocol == IpProtocol.Tcp)
                Keep(packet[ip.HeaderLength..ip.TotalLength], frame.LacksChecksum);
        }
    }

    /// <summary>Takes a TCP segment that the stack has sent.</summary>
    public bool TryTakeSent(out byte[]? segment) => _sent.TryDequeue(out segment);

    public bool TryTakeAnswer(FramePool pool, out Frame? frame)
    {
        frame = null;
        if (!_answersArp)
            return false;
        _answersArp = false;
        frame = pool.Rent();
        EthernetHeader.Write(frame.Append(EthernetHeader.Length), StackMac, PeerMac, EtherType.Arp);
        ArpPacket.Write(frame.Append(ArpPacket.Length), ArpPacket.Reply, PeerMac, peer, StackMac, stack);
        return true;
    }

    /// <summary>Puts a TCP segment of the peer into IP and Ethernet, with its checksum.</summary>
    public Frame FromPeer(FramePool pool, ReadOnlySpan<byte> segment)
    {
        Frame frame = pool.Rent();
        EthernetHeader.Write(frame.Append(EthernetHeader.Length), StackMac, PeerMac, EtherType.IPv4);
        IPv4Fields fields = new(peer, stack, IpProtocol.Tcp, IPv4Header.MinLength + segment.Length) { TimeToLive = 64 };
        IPv4Header.Write(frame.Append(IPv4Header.MinLength), fields);
        Span<byte> octets = frame.Append(segment.Length);
        segment.CopyTo(octets);
        uint sum = Checksum.Add(Checksum.PseudoHeader(peer, stack, IpProtocol.Tcp, octets.Length), octets);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(octets[16..], Checksum.Finish(sum));
        return frame;
    }

    /// <summary>An ICMP error about a TCP segment that the stack has sent to the peer.</summary>
    public Frame IcmpFromRouter(FramePool pool, byte type, byte code, ushort mtu, ReadOnlySpan<byte> quotedSegment)
    {
        const int fullPacket = 1500;
        Frame frame = pool.Rent();
        EthernetHeader.Write(frame.Append(EthernetHeader.Length), StackMac, PeerMac, EtherType.IPv4);
        int length = IcmpHeader.Length + IPv4Header.MinLength + quotedSegment.Length;
        IPv4Fields fields = new(peer, stack, IpProtocol.Icmp, IPv4Header.MinLength + length) { TimeToLive = 64 };
        IPv4Header.Write(frame.Append(IPv4Header.MinLength), fields);
        Span<byte> message = frame.Append(length);
        message.Clear();
        IPv4Header.Write(
            message[IcmpHeader.Length..], new IPv4Fields(stack, peer, IpProtocol.Tcp, fullPacket) { TimeToLive = 1 });
        quotedSegment.CopyTo(message[(IcmpHeader.Length + IPv4Header.MinLength)..]);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(message[6..], mtu);
        IcmpHeader.Write(message, type, code);
        return frame;
    }

    private void Keep(ReadOnlySpan<byte> segment, bool lacksChecksum)
    {
        uint sum = Checksum.Add(Checksum.PseudoHeader(stack, peer, IpProtocol.Tcp, segment.Length), segment);
        Assert.That(lacksChecksum || Checksum.IsValid(sum), "the stack sends a wrong TCP checksum");
        _sent.Enqueue(segment.ToArray());
    }
}
