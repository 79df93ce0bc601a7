using System.Buffers.Binary;
using CsCheck;
using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Internet;

/// <summary>Whatever comes from the wire: no exception, no leak, and the stack still works afterwards.</summary>
public sealed class HostileInputTests
{
    private const byte Syn = 2;

    [Test]
    public void Random_octets_never_throw_and_never_leak() =>
        Gen.Byte.Array[0, 300].Array[1, 20].Sample(frames =>
        {
            using TestHost host = Prepare(out UdpSocket socket);
            foreach (byte[] frame in frames)
                host.Hear(frame);
            AssertStillWorks(host, socket);
        }, iter: 500);

    [Test]
    public void Mutated_packets_never_throw_and_never_leak() =>
        Gen.Select(Gen.Int[0, Samples.Length - 1], Gen.Select(Gen.Int[0, 90], Gen.Byte).Array[1, 6], Gen.Int[0, 120])
            .Array[1, 20].Sample(changes =>
            {
                using TestHost host = Prepare(out UdpSocket socket);
                foreach ((int sample, (int At, byte Value)[] mutations, int cut) in changes)
                {
                    byte[] frame = [.. Samples[sample]];
                    foreach ((int at, byte value) in mutations)
                        frame[at % frame.Length] = value;
                    FixHeaderChecksum(frame); // or nothing would get past it
                    host.Hear(cut < frame.Length && cut % 3 == 0 ? frame[..cut] : frame);
                }
                host.Wait(40);
                AssertStillWorks(host, socket);
            }, iter: 1000);

    [Test]
    public void Segments_of_every_kind_at_a_listener_never_throw_and_never_leak() =>
        Gen.Select(Gen.Byte, Gen.Int[0, 15], Gen.UInt[0, 3], Gen.UInt[0, 3], Gen.Byte.Array[0, 60]).Array[1, 30].Sample(
            segments =>
            {
                using TestHost host = Prepare(out UdpSocket socket);
                TcpSocket listener = host.Stack.OpenTcp();
                Assert.That(listener.Bind(TestHost.Endpoint("0.0.0.0", 9)), Is.EqualTo(Errno.None));
                Assert.That(listener.Listen(4), Is.EqualTo(Errno.None));
                foreach ((byte flags, int dataOffset, uint seq, uint ack, byte[] content) in segments)
                    host.Hear(TestHost.RawIp(6, Segment(flags, dataOffset, seq, ack, content)));
                host.Wait(40);
                AssertStillWorks(host, socket);
                host.MeetPeer();
                host.Hear(TestHost.RawIp(6, Segment(Syn, 5, 0, 0, [], sourcePort: 1001)));
                TcpPacket answer = host.LastSent<TcpPacket>();
                Assert.That((answer.DestinationPort, answer.Synchronize, answer.Acknowledgment), Is.EqualTo((1001, true, true)));
                listener.Abort(host.Now);
            }, iter: 500);

    /// <summary>With a right checksum, or nothing would get past it; the content is options, payload or both.</summary>
    private static byte[] Segment(
        byte flags, int dataOffset, uint seq, uint ack, byte[] content, ushort sourcePort = 1000)
    {
        byte[] octets = new byte[20 + content.Length];
        BinaryPrimitives.WriteUInt16BigEndian(octets, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(2), 9);
        BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan(4), seq);
        BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan(8), ack);
        octets[12] = (byte)(dataOffset << 4);
        octets[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(14), 1000);
        content.CopyTo(octets, 20);
        byte[] pseudoHeader =
        [
            .. System.Net.IPAddress.Parse(TestHost.Peer).GetAddressBytes(),
            .. System.Net.IPAddress.Parse(TestHost.Address).GetAddressBytes(),
            0, 6, (byte)(octets.Length >> 8), (byte)octets.Length,
        ];
        uint sum = Pyco.Stack.Wire.Checksum.Add(Pyco.Stack.Wire.Checksum.Add(pseudoHeader), octets);
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(16), Pyco.Stack.Wire.Checksum.Finish(sum));
        return octets;
    }

    private static byte[][] Samples { get; } =
    [
        TestHost.Udp(1000, 9, new byte[40]).Bytes,
        TestHost.RawIp(17, new byte[40], more: true),
        TestHost.RawIp(17, new byte[40], offset: 40),
        TestHost.RawIp(1, [8, 0, 0xf7, 0xff, 0, 0, 0, 0]),
        TestHost.RawIp(1, [3, 3, 0, 0, 0, 0, 0, 0, .. TestHost.Udp(9, 1000, [1], TestHost.Address, TestHost.Peer).Bytes[14..]]),
        TestHost.RawIp(6, new byte[20]),
        Arp(ArpOperation.Request),
        Arp(ArpOperation.Response),
    ];

    private static byte[] Arp(ArpOperation operation) =>
        new EthernetPacket(TestHost.PeerMac, TestHost.BroadcastMac, EthernetType.Arp)
        {
            PayloadPacket = new PacketDotNet.ArpPacket(
                operation,
                TestHost.Mac,
                System.Net.IPAddress.Parse(TestHost.Address),
                TestHost.PeerMac,
                System.Net.IPAddress.Parse(TestHost.Peer)),
        }.Bytes;

    private static void FixHeaderChecksum(byte[] frame)
    {
        int length = 4 * (frame[14] & 15);
        if (frame.Length < 14 + length || length < 20)
            return;
        frame[24] = frame[25] = 0;
        ushort checksum = Pyco.Stack.Wire.Checksum.Finish(Pyco.Stack.Wire.Checksum.Add(frame.AsSpan(14, length)));
        (frame[24], frame[25]) = ((byte)(checksum >> 8), (byte)checksum);
    }

    private static TestHost Prepare(out UdpSocket socket)
    {
        var host = new TestHost();
        host.MeetPeer();
        socket = host.OpenUdp();
        socket.Bind(TestHost.Endpoint("0.0.0.0", 9));
        return host;
    }

    private static void AssertStillWorks(TestHost host, UdpSocket socket)
    {
        while (socket.TryReceive(out Datagram datagram))
            datagram.Dispose();
        if (host.Stack.AddressState != AddressState.Usable)
            return; // a mutation made two conflicts: the address is lost, as RFC 5227 wants
        host.Hear(TestHost.Udp(1000, 9, [1, 2, 3]));
        Assert.That(socket.TryReceive(out Datagram last), Is.True);
        last.Dispose();
    }
}
