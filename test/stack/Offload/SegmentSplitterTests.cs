using CsCheck;
using PacketDotNet;
using Pyco.Stack.Offload;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Offload;

public class SegmentSplitterTests : OffloadTest
{
    [Test]
    public void Others_read_the_parts_as_the_segments_that_they_are() => TestSegment.SuperSegments.Sample(
        super =>
        {
            List<byte[]> parts = [.. Split(super.ToFrame(LargeFrames)).Select(OctetsOf)];
            Assert.That(parts, Has.Count.EqualTo((super.Payload.Length + super.SegmentSize - 1) / super.SegmentSize));
            uint seq = super.Seq;
            List<byte> payload = [];
            foreach (byte[] part in parts)
            {
                TcpPacket tcp = Read(part);
                IPv4Packet ip = (IPv4Packet)tcp.ParentPacket;
                bool isFirst = part == parts[0];
                bool isLast = part == parts[^1];
                Assert.That(tcp.ValidChecksum);
                Assert.That(tcp.SequenceNumber, Is.EqualTo(seq));
                Assert.That(tcp.AcknowledgmentNumber, Is.EqualTo(super.Ack));
                Assert.That(tcp.WindowSize, Is.EqualTo(super.Window));
                Assert.That(tcp.Options, Is.EqualTo(super.Options));
                Assert.That(tcp.Push, Is.EqualTo(isLast && super.Flags.HasFlag(TcpFlags.Psh)));
                Assert.That(tcp.Finished, Is.EqualTo(isLast && super.Flags.HasFlag(TcpFlags.Fin)));
                Assert.That(tcp.CongestionWindowReduced, Is.EqualTo(isFirst && super.Flags.HasFlag(TcpFlags.Cwr)));
                Assert.That(tcp.ExplicitCongestionNotificationEcho, Is.EqualTo(super.Flags.HasFlag(TcpFlags.Ece)));
                bool hasNone = super.DontFragment && super.Identification == 0;
                int step = hasNone ? 0 : (int)((seq - super.Seq) / (uint)super.SegmentSize);
                Assert.That(ip.Id, Is.EqualTo((ushort)(super.Identification + step)));
                Assert.That(tcp.PayloadData, Has.Length.LessThanOrEqualTo(super.SegmentSize));
                payload.AddRange(tcp.PayloadData);
                seq += (uint)tcp.PayloadData.Length;
            }
            Assert.That(payload, Is.EqualTo(super.Payload));
        },
        iter: 50, threads: 1);

    [Test]
    public void Parts_up_to_the_urgent_octet_tell_of_it() => Gen.Select(TestSegment.SuperSegments, Gen.Int[1, ushort.MaxValue]).Sample(
        (super, urgent) =>
        {
            super = super with { Flags = super.Flags | TcpFlags.Urg, UrgentPointer = (ushort)urgent };
            List<byte[]> parts = [.. Split(super.ToFrame(LargeFrames)).Select(OctetsOf)];
            foreach (byte[] part in parts)
            {
                TcpPacket tcp = Read(part);
                int left = urgent - (int)(tcp.SequenceNumber - super.Seq);
                Assert.That(tcp.ValidChecksum);
                Assert.That(tcp.Urgent, Is.EqualTo(left > 0));
                Assert.That((ushort)tcp.UrgentPointer, Is.EqualTo(Math.Max(0, left)));
            }
        },
        iter: 50, threads: 1);

    [Test]
    public void The_parts_are_the_same_wherever_the_payload_stands() => TestSegment.SuperSegments.Sample(
        super =>
        {
            List<byte[]> parts = [.. Split(super.ToFrame(LargeFrames)).Select(OctetsOf)];
            Frame attached = Attach(super.ToFrame(LargeFrames), super.HeaderLength);
            Assert.That(Split(attached).Select(OctetsOf), Is.EqualTo(parts));
        },
        iter: 30, threads: 1);

    [Test]
    public void A_segment_with_an_attachment_comes_out_whole()
    {
        TestSegment segment = new() { Payload = TestSegment.PayloadFrom(0, 1000) };
        byte[] before = OctetsOf(segment.ToFrame(Frames));
        Frame attached = Attach(segment.ToFrame(Frames), segment.HeaderLength);
        attached.LacksChecksum = true;
        Assert.That(Split(attached).Select(OctetsOf), Is.EqualTo(new[] { before }));
    }

    [Test]
    public void A_segment_that_fits_comes_back_as_it_was()
    {
        Frame frame = new TestSegment { Payload = [1, 2, 3] }.ToFrame(Frames);
        byte[] before = frame.Octets.ToArray();
        List<Frame> parts = Split(frame);
        Assert.That(parts, Is.EqualTo(new[] { frame }));
        Assert.That(OctetsOf(parts[0]), Is.EqualTo(before));
    }

    [Test]
    public void A_segment_that_fits_gets_the_checksum_that_it_lacks()
    {
        Frame frame = new TestSegment { Payload = [1, 2, 3] }.ToFrame(Frames);
        byte[] before = frame.Octets.ToArray();
        frame.Octets[14 + 20 + TcpHeader.ChecksumOffset] ^= 0x55;
        frame.LacksChecksum = true;
        Assert.That(OctetsOf(Split(frame)[0]), Is.EqualTo(before));
        Assert.That(frame.LacksChecksum, Is.False);
    }

    [Test]
    public void What_is_left_is_given_back_when_it_is_not_wanted()
    {
        SegmentSplitter splitter = new(new TestSegment { Payload = new byte[3000], SegmentSize = 1000 }.ToFrame(LargeFrames));
        Assert.That(splitter.TryTake(Frames, out Frame? first));
        first!.Dispose();
        splitter.Dispose();
        Assert.That(splitter.TryTake(Frames, out _), Is.False);
    }
}
