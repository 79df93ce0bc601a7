using System.Buffers.Binary;
using System.Net.NetworkInformation;
using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Internet;

/// <summary>What a host must not take in (RFC 1122 §3.2.1), each with the counter that tells.</summary>
public sealed class IPv4InputTests
{
    private const int Ip = 14; // where the IP header begins

    [TestCase("127.0.0.1")]
    [TestCase("224.0.0.5")]
    [TestCase("255.255.255.255")]
    [TestCase("10.40.0.255")]
    [TestCase("0.0.0.0")]
    [TestCase(TestHost.Address)]
    public void A_source_that_cannot_be_on_the_wire_is_dropped(string source) =>
        Expect(DropReason.MartianSource, TestHost.Udp(1, 9, [1], source).Bytes);

    [TestCase("10.40.0.33")]
    [TestCase("127.0.0.1")]
    [TestCase("192.0.2.1")]
    public void What_is_for_others_is_never_forwarded(string destination) =>
        Expect(DropReason.NotOurAddress, TestHost.Udp(1, 9, [1], destination: destination).Bytes);

    [Test]
    public void A_group_that_nobody_joined_is_dropped() =>
        Expect(DropReason.UnjoinedGroup, TestHost.Udp(1, 9, [1], destination: "224.0.0.251").Bytes);

    [Test]
    public void A_wrong_header_checksum_drops_the_packet()
    {
        byte[] octets = TestHost.Udp(1, 9, [1]).Bytes;
        octets[Ip + 10] ^= 1;
        Expect(DropReason.BadIpChecksum, octets);
    }

    [TestCase(0, 0x55, TestName = "Version_5")]
    [TestCase(0, 0x44, TestName = "A_header_of_16_octets")]
    [TestCase(0, 0x4f, TestName = "A_header_longer_than_the_packet")]
    [TestCase(3, 200, TestName = "A_packet_longer_than_the_frame")]
    [TestCase(3, 19, TestName = "A_packet_shorter_than_its_header")]
    public void A_malformed_header_drops_the_packet(int offset, byte value)
    {
        byte[] octets = TestHost.RawIp(17, new byte[12]);
        octets[Ip + offset] = value;
        Expect(DropReason.MalformedIp, octets);
    }

    [Test]
    public void A_frame_for_another_station_is_dropped()
    {
        EthernetPacket frame = TestHost.Udp(1, 9, [1]);
        frame.DestinationHardwareAddress = PhysicalAddress.Parse("02-00-00-00-00-55");
        Expect(DropReason.OtherStation, frame.Bytes);
    }

    [Test]
    public void A_unicast_packet_in_a_broadcast_frame_is_dropped()
    {
        EthernetPacket frame = TestHost.Udp(1, 9, [1]);
        frame.DestinationHardwareAddress = TestHost.BroadcastMac;
        Expect(DropReason.OtherStation, frame.Bytes);
    }

    [TestCase(0x8100, DropReason.VlanTagged)]
    [TestCase(0x86dd, DropReason.UnknownEtherType)]
    [TestCase(0x0600, DropReason.UnknownEtherType)]
    public void Other_EtherTypes_are_dropped_and_counted(int type, DropReason reason)
    {
        byte[] octets = TestHost.Udp(1, 9, [1]).Bytes;
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(12), (ushort)type);
        Expect(reason, octets);
    }

    [Test]
    public void A_source_route_is_refused_and_other_options_are_skipped()
    {
        using var host = new TestHost();
        host.MeetPeer();
        UdpSocket socket = host.OpenUdp();
        socket.Bind(TestHost.Endpoint("0.0.0.0", 9));
        host.Hear(WithOptions([0x83, 7, 4, 10, 40, 0, 9, 0]));
        Assert.That(host.Stack.Counters.Dropped(DropReason.SourceRouted), Is.EqualTo(1));
        host.Hear(WithOptions([1, 0x94, 4, 0, 0, 0, 0, 0])); // router alert
        Assert.That(socket.TryReceive(out Datagram datagram), Is.True);
        Assert.That(datagram.Frame.Octets.ToArray(), Is.EqualTo(new byte[] { 42 }));
        datagram.Dispose();
    }

    [Test]
    public void Ethernet_padding_is_not_payload()
    {
        using var host = new TestHost();
        UdpSocket socket = host.OpenUdp();
        socket.Bind(TestHost.Endpoint("0.0.0.0", 9));
        host.Hear([.. TestHost.Udp(1, 9, [5, 6]).Bytes, .. new byte[16]]);
        Assert.That(socket.TryReceive(out Datagram datagram), Is.True);
        Assert.That(datagram.Frame.Octets.ToArray(), Is.EqualTo(new byte[] { 5, 6 }));
        datagram.Dispose();
    }

    [Test]
    public void Nothing_is_taken_in_before_the_address_is_ours()
    {
        using var host = new TestHost(detectConflicts: true);
        host.Hear(TestHost.Udp(1, 9, [1]));
        Assert.That(host.Stack.Counters.Dropped(DropReason.AddressNotUsable), Is.EqualTo(1));
        Assert.That(host.Link.Sent, Has.Count.EqualTo(1), "only the probe");
    }

    private static byte[] WithOptions(byte[] options)
    {
        byte[] plain = TestHost.Udp(1, 9, [42]).Bytes;
        byte[] octets = [.. plain[..34], .. options, .. plain[34..]];
        octets[Ip] = (byte)(0x45 + (options.Length / 4));
        octets[Ip + 3] = (byte)(octets.Length - Ip);
        octets[Ip + 10] = octets[Ip + 11] = 0;
        ushort checksum = Pyco.Stack.Wire.Checksum.Finish(
            Pyco.Stack.Wire.Checksum.Add(octets.AsSpan(Ip, 20 + options.Length)));
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(Ip + 10), checksum);
        return octets;
    }

    private static void Expect(DropReason reason, byte[] frame)
    {
        using var host = new TestHost();
        host.MeetPeer();
        host.Hear(frame);
        Assert.That(host.Stack.Counters.Dropped(reason), Is.EqualTo(1));
        Assert.That(host.Link.Sent, Is.Empty, "a dropped packet is not answered");
    }
}
