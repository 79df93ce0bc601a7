using System.Net.NetworkInformation;
using CsCheck;
using PacketDotNet;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Wire;

/// <summary>What this stack writes, PacketDotNet reads, and the other way round.</summary>
public sealed class HeaderTests
{
    [Test]
    public void An_IPv4_header_is_read_by_others_as_it_was_meant() =>
        Gen.Select(Gen.UInt, Gen.UInt, Gen.Byte, Gen.Int[20, 65535], Gen.Byte, Gen.UShort).Sample(
            (source, destination, protocol, length, timeToLive, id) =>
            {
                byte[] octets = new byte[length];
                IPv4Header.Write(octets, new Pyco.Stack.Wire.IPv4Fields(
                    IpAddress.FromV4(source), IpAddress.FromV4(destination), protocol, length)
                {
                    TimeToLive = timeToLive,
                    Identification = id,
                    FlagsAndOffset = IPv4Header.DontFragmentFlag,
                });
                var read = new IPv4Packet(new PacketDotNet.Utils.ByteArraySegment(octets));
                Assert.Multiple(() =>
                {
                    Assert.That(read.SourceAddress.ToString(), Is.EqualTo(IpAddress.FromV4(source).ToString()));
                    Assert.That(read.DestinationAddress.ToString(), Is.EqualTo(IpAddress.FromV4(destination).ToString()));
                    Assert.That((byte)read.Protocol, Is.EqualTo(protocol));
                    Assert.That(read.TotalLength, Is.EqualTo(length));
                    Assert.That(read.TimeToLive, Is.EqualTo(timeToLive));
                    Assert.That(read.Id, Is.EqualTo(id));
                    Assert.That(read.ValidIPChecksum, Is.True);
                });
            }, iter: 200);

    [Test]
    public void A_UDP_datagram_of_others_is_read_as_it_was_meant()
    {
        byte[] octets = TestHost.Udp(1000, 9, [1, 2, 3]).Bytes;
        Assert.That(EthernetHeader.TryParse(octets, out EthernetHeader ethernet), Is.True);
        Assert.That(ethernet.Type, Is.EqualTo(EtherType.IPv4));
        Assert.That(ethernet.Source, Is.EqualTo(new MacAddress(TestHost.PeerMac.GetAddressBytes())));
        Assert.That(ethernet.Destination, Is.EqualTo(new MacAddress(TestHost.Mac.GetAddressBytes())));
        Assert.That(IPv4Header.TryParse(octets.AsSpan(14), out IPv4Header ip), Is.True);
        Assert.That(ip.IsChecksumValid, Is.True);
        Assert.That(ip.Source, Is.EqualTo(IpAddress.Parse(TestHost.Peer)));
        Assert.That(ip.Destination, Is.EqualTo(IpAddress.Parse(TestHost.Address)));
        Assert.That(ip.TotalLength, Is.EqualTo(20 + 8 + 3));
        Assert.That(UdpHeader.TryParse(octets.AsSpan(34), out UdpHeader udp), Is.True);
        Assert.That(udp.SourcePort, Is.EqualTo(1000));
        Assert.That(udp.DestinationPort, Is.EqualTo(9));
        Assert.That(udp.DatagramLength, Is.EqualTo(8 + 3));
    }

    [Test]
    public void An_ARP_packet_is_read_by_others_as_it_was_meant()
    {
        byte[] octets = new byte[Pyco.Stack.Wire.ArpPacket.Length];
        Pyco.Stack.Wire.ArpPacket.Write(
            octets,
            Pyco.Stack.Wire.ArpPacket.Reply,
            new MacAddress(TestHost.Mac.GetAddressBytes()),
            IpAddress.Parse(TestHost.Address),
            new MacAddress(TestHost.PeerMac.GetAddressBytes()),
            IpAddress.Parse(TestHost.Peer));
        var read = new PacketDotNet.ArpPacket(new PacketDotNet.Utils.ByteArraySegment(octets));
        Assert.That(read.Operation, Is.EqualTo(ArpOperation.Response));
        Assert.That(read.SenderHardwareAddress, Is.EqualTo(TestHost.Mac));
        Assert.That(read.SenderProtocolAddress.ToString(), Is.EqualTo(TestHost.Address));
        Assert.That(read.TargetHardwareAddress, Is.EqualTo(TestHost.PeerMac));
        Assert.That(read.TargetProtocolAddress.ToString(), Is.EqualTo(TestHost.Peer));
    }

    [Test]
    public void No_header_is_read_from_too_few_octets()
    {
        byte[] octets = TestHost.Udp(1000, 9, []).Bytes;
        Assert.That(EthernetHeader.TryParse(octets.AsSpan(0, 13), out _), Is.False);
        Assert.That(IPv4Header.TryParse(octets.AsSpan(14, 19), out _), Is.False);
        Assert.That(IPv4Header.TryParse(octets.AsSpan(14, 27), out _), Is.False, "the packet does not fit");
        Assert.That(IPv4Header.TryParseQuoted(octets.AsSpan(14, 20), out _), Is.True, "a quoted beginning may be cut");
        Assert.That(UdpHeader.TryParse(octets.AsSpan(34, 7), out _), Is.False);
        Assert.That(IcmpHeader.TryParse(octets.AsSpan(34, 7), out _), Is.False);
    }

    [Test]
    public void A_MAC_address_is_written_as_it_was_read() =>
        Gen.Byte.Array[6].Sample(octets =>
        {
            string text = new MacAddress(octets).ToString();
            Assert.That(MacAddress.TryParse(text, out MacAddress read), Is.True);
            Assert.That(read, Is.EqualTo(new MacAddress(octets)));
            Assert.That(PhysicalAddress.Parse(text.Replace(':', '-')).GetAddressBytes(), Is.EqualTo(octets));
        }, iter: 200);

    [TestCase("10.1")]
    [TestCase("10.40.0")]
    [TestCase("010.40.0.1")]
    [TestCase("0x0a.40.0.1")]
    [TestCase("10.40.0.256")]
    [TestCase("10.40.0.1 ")]
    [TestCase("")]
    [TestCase(null)]
    public void What_only_resembles_an_address_is_refused(string? text) =>
        Assert.That(IpAddress.TryParse(text, out _), Is.False);
}
