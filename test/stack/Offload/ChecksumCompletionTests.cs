using CsCheck;
using PacketDotNet;
using Pyco.Stack.Offload;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Offload;

public class ChecksumCompletionTests : OffloadTest
{
    private const int UdpStart = 34;

    [Test]
    public void Others_find_the_checksum_of_a_datagram_right() => Gen.Byte.Array[0, 1400].Sample(
        payload =>
        {
            // Not to ports 0, 7 and 9: PacketDotNet looks for Wake-on-LAN there, and fails at an empty datagram.
            byte[] octets = Complete(TestHost.Udp(1000, 5000, payload).Bytes);
            UdpPacket udp = Packet.ParsePacket(LinkLayers.Ethernet, octets).Extract<UdpPacket>();
            Assert.That(udp.ValidChecksum);
            Assert.That(udp.Checksum, Is.Not.Zero);
        },
        iter: 200, threads: 1);

    [Test]
    public void A_checksum_of_zero_travels_as_its_other_form()
    {
        // The octets that make the sum come out at zero are what the checksum was without them.
        byte[] octets = Complete(TestHost.Udp(1000, 9, [0, 0]).Bytes);
        byte[] balanced = TestHost.Udp(1000, 9, octets[(UdpStart + 6)..(UdpStart + 8)]).Bytes;
        Assert.That(Complete(balanced)[(UdpStart + 6)..(UdpStart + 8)], Is.EqualTo(new byte[] { 0xff, 0xff })); // RFC 768
    }

    [Test]
    public void What_is_attached_counts() => TestSegment.SuperSegments.Sample(
        super =>
        {
            TestSegment whole = super with { SegmentSize = 0 };
            byte[] before = OctetsOf(whole.ToFrame(LargeFrames));
            using Frame frame = Attach(whole.ToFrame(LargeFrames), whole.HeaderLength);
            frame.LacksChecksum = true;
            ChecksumCompletion.Complete(frame);
            byte[] after = new byte[frame.Length];
            frame.CopyTo(0, after);
            Assert.That(after, Is.EqualTo(before));
        },
        iter: 30, threads: 1);

    [Test]
    public void A_frame_that_lacks_none_stays_as_it_is()
    {
        byte[] octets = TestHost.Udp(1000, 9, [1, 2, 3]).Bytes;
        octets[UdpStart + 6] ^= 1;
        Assert.That(Complete(octets, lacksChecksum: false), Is.EqualTo(octets));
    }

    [Test]
    public void Any_octets_are_taken() => Gen.Byte.Array[0, 100].Sample(
        octets =>
        {
            if (octets.Length > 30)
                new byte[] { 8, 0, 0x45 }.CopyTo(octets, 12);
            _ = Complete(octets);
        },
        threads: 1);

    private byte[] Complete(byte[] octets, bool lacksChecksum = true)
    {
        Frame frame = Frames.Rent();
        octets.CopyTo(frame.Append(octets.Length));
        frame.LacksChecksum = lacksChecksum;
        ChecksumCompletion.Complete(frame);
        Assert.That(frame.LacksChecksum, Is.False);
        return OctetsOf(frame);
    }
}
