using CsCheck;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Wire;

/// <summary>
/// Every header from random octets, and from good ones of which some were changed or cut: a parser says no, or all that it
/// has parsed can be read. It never throws.
/// </summary>
internal sealed class ParserFuzzTests
{
    private static readonly byte[][] Good = [Arp(), IPv4(), Tcp(), Udp(), Icmp()];

    private static readonly Gen<byte[]> Octets = Gen.OneOf(
        Gen.Byte.Array[0, 100],
        Gen.Select(Gen.Int[0, Good.Length - 1], Gen.Select(Gen.Int[0, 99], Gen.Byte).Array[0, 8], Gen.Int[0, 100]).Select(
            (index, changes, cut) =>
            {
                byte[] octets = [.. Good[index]];
                foreach ((int place, byte value) in changes)
                    octets[place % octets.Length] = value;
                return cut < octets.Length ? octets[..cut] : octets;
            }));

    [Test]
    public void Ethernet() => Check(octets =>
    {
        bool isGood = EthernetHeader.TryParse(octets, out EthernetHeader header);
        _ = isGood ? (header.Source, header.Destination, header.Type) : default;
        return isGood == octets.Length >= EthernetHeader.Length;
    });

    [Test]
    public void ARP() => Check(octets =>
    {
        bool isGood = ArpPacket.TryParse(octets, out ArpPacket packet);
        _ = isGood ? (packet.Operation, packet.SenderMac, packet.SenderAddress, packet.TargetAddress) : default;
        return !isGood || octets.Length >= ArpPacket.Length;
    });

    [Test]
    public void IPv4_whole_and_quoted() => Check(octets =>
    {
        bool isWhole = IPv4Header.TryParse(octets, out IPv4Header whole);
        bool isQuoted = IPv4Header.TryParseQuoted(octets, out IPv4Header quoted);
        if (isQuoted)
        {
            _ = (quoted.TypeOfService, quoted.Identification, quoted.DontFragment, quoted.MoreFragments, quoted.IsFragment);
            _ = (quoted.TimeToLive, quoted.Protocol, quoted.Source, quoted.Destination, quoted.IsChecksumValid);
            Assert.That(quoted.HeaderLength, Is.EqualTo(IPv4Header.MinLength + quoted.Options.Length));
            Assert.That(quoted.FragmentOffsetOctets, Is.InRange(0, 65535));
        }
        return !isWhole || (isQuoted && whole.TotalLength >= whole.HeaderLength && whole.TotalLength <= octets.Length);
    });

    [Test]
    public void ICMP() => Check(octets =>
    {
        bool isGood = IcmpHeader.TryParse(octets, out IcmpHeader header);
        if (isGood)
        {
            _ = (header.Type, header.Code, header.NextHopMtu, header.IsChecksumValid);
            Assert.That(header.Payload.Length, Is.EqualTo(octets.Length - IcmpHeader.Length));
        }
        return isGood == octets.Length >= IcmpHeader.Length;
    });

    [Test]
    public void UDP() => Check(octets =>
    {
        bool isGood = UdpHeader.TryParse(octets, out UdpHeader header);
        _ = isGood ? (header.SourcePort, header.DestinationPort, header.HasNoChecksum) : default;
        return !isGood || (header.DatagramLength >= UdpHeader.Length && header.DatagramLength <= octets.Length);
    });

    [Test]
    public void TCP_and_its_options() => Check(octets =>
    {
        bool isGood = TcpHeader.TryParse(octets, out TcpHeader header);
        if (isGood)
        {
            _ = (header.SourcePort, header.DestinationPort, header.Checksum, header.UrgentPointer, header.Window);
            Segment segment = Segment.Read(header);
            Assert.That(segment.Len, Is.GreaterThanOrEqualTo(header.Payload.Length));
            Assert.That(segment.Options.SackBlocks.Length, Is.InRange(0, TcpOptions.MaxSackBlocks));
            Assert.That(segment.Options.Mss, Is.Not.EqualTo(0));
            Assert.That(segment.Options.WindowScale ?? 0, Is.InRange(0, 14));
        }
        return !isGood || TcpHeader.MinLength + header.Options.Length + header.Payload.Length == octets.Length;
    });

    [Test]
    public void Every_kind_of_TCP_option_at_every_length() =>
        Gen.Select(Gen.Int[0, 255], Gen.Int[0, 255], Gen.Byte.Array[0, 38], Gen.Int[0, 3]).Sample(
            (kind, length, value, padding) =>
            {
                byte[] octets = [.. Enumerable.Repeat((byte)TcpOptionKind.NoOperation, padding), (byte)kind, (byte)length, .. value];
                bool isGood = TcpOptions.TryParse(octets, out TcpOptions options);
                bool isSingle = kind is (int)TcpOptionKind.EndOfList or (int)TcpOptionKind.NoOperation;
                bool fits = length >= 2 && length <= value.Length + 2;
                _ = options.SackBlocks.Length;
                return isSingle || fits || !isGood; // RFC 9293 MUST-7, MUST-64
            },
            iter: 20_000);

    private static void Check(Func<byte[], bool> holds) => Octets.Sample(holds, iter: 20_000);

    private static byte[] Arp()
    {
        byte[] octets = new byte[ArpPacket.Length];
        MacAddress mac = new([2, 0, 0, 0, 0, 1]);
        ArpPacket.Write(octets, ArpPacket.Request, mac, IpAddress.Parse("10.0.0.1"), mac, IpAddress.Parse("10.0.0.2"));
        return octets;
    }

    private static byte[] IPv4()
    {
        byte[] octets = new byte[60];
        IPv4Header.Write(octets, new IPv4Fields(IpAddress.Parse("10.0.0.1"), IpAddress.Parse("10.0.0.2"), IpProtocol.Tcp, 60));
        return octets;
    }

    private static byte[] Tcp()
    {
        byte[] octets = new byte[80];
        TcpOptionsWriter writer = new(octets.AsSpan(TcpHeader.MinLength));
        writer.MaxSegmentSize(1460);
        writer.Timestamp(1, 2);
        writer.Sack([new(new(10), new(20)), new(new(30), new(40))]);
        TcpHeader.Write(octets, 80, 40000, new(1), new(2), TcpHeader.MinLength + writer.Finish(), TcpFlags.Ack, 100);
        return octets;
    }

    private static byte[] Udp()
    {
        byte[] octets = new byte[40];
        UdpHeader.Write(octets, 1000, 9, null);
        return octets;
    }

    private static byte[] Icmp()
    {
        byte[] octets = [0, 0, 0, 0, 0, 0, 5, 0, .. IPv4()];
        IcmpHeader.Write(octets, IcmpType.DestinationUnreachable, IcmpCode.FragmentationNeeded);
        return octets;
    }
}
