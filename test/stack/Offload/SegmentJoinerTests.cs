using CsCheck;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Offload;

public class SegmentJoinerTests : OffloadTest
{
    private static readonly TestSegment First = new() { Payload = TestSegment.PayloadFrom(0, 1000) };

    private static readonly TestSegment Second = First with { Seq = 1000, Payload = TestSegment.PayloadFrom(1000, 1000) };

    [Test]
    public void What_was_split_is_joined_into_what_it_was() => TestSegment.SuperSegments.Sample(
        super =>
        {
            Frame whole = super.ToFrame(LargeFrames);
            byte[] before = whole.Octets.ToArray();
            // The last part alone cannot be joined: all others can.
            List<Frame> joined = Join(Split(whole));
            Assert.That(joined, Has.Count.EqualTo(1));
            Assert.That((joined[0].SegmentSize, joined[0].LacksChecksum), Is.EqualTo((super.SegmentSize, true)));
            Assert.That(OctetsOf(joined[0]), Is.EqualTo(before));
        },
        iter: 50, threads: 1);

    [Test]
    public void What_is_joined_splits_into_the_same_frames() =>
        Segments.Array[0, 60].Sample(
            segments =>
            {
                List<byte[]> before = [.. segments.Select(segment => OctetsOf(segment.ToFrame(Frames)))];
                List<Frame> joined = Join(segments.Select(segment => segment.ToFrame(Frames)));
                List<byte[]> after = [.. joined.SelectMany(Split).Select(OctetsOf)];
                // Connections may change places with each other; within one the order stays.
                foreach (ushort port in Ports)
                {
                    Assert.That(
                        after.Where(octets => IsFrom(octets, port)), Is.EqualTo(before.Where(octets => IsFrom(octets, port))));
                }
                Assert.That(after, Has.Count.EqualTo(before.Count));
            },
            iter: 300, threads: 1);

    [Test]
    public void Segments_in_order_are_joined()
    {
        List<Frame> joined = Join(First, Second, Second with { Seq = 2000, Flags = TcpFlags.Ack | TcpFlags.Psh });
        Assert.That(joined, Has.Count.EqualTo(1));
        Assert.That((joined[0].SegmentSize, joined[0].LacksChecksum), Is.EqualTo((1000, true)));
        PacketDotNet.TcpPacket tcp = Read(OctetsOf(joined[0]));
        Assert.That(tcp.PayloadData, Has.Length.EqualTo(3000));
        Assert.That(tcp.Push);
    }

    [Test]
    public void A_pushed_segment_is_a_runs_last() =>
        AssertCount(2, First, Second with { Flags = TcpFlags.Ack | TcpFlags.Psh }, Second with { Seq = 2000 });

    [Test]
    public void A_short_segment_is_a_runs_last() =>
        AssertCount(2, First, Second with { Payload = new byte[10] }, Second with { Seq = 1010 });

    [Test]
    public void A_larger_segment_begins_anew() => AssertCount(2, First, Second with { Payload = new byte[1001] });

    [Test]
    public void A_gap_is_not_joined() => AssertCount(2, First, Second with { Seq = 1001 });

    [Test]
    public void A_bare_acknowledgement_is_not_joined() =>
        AssertCount(3, First, First with { Seq = 1000, Payload = [] }, Second);

    [Test]
    public void What_its_headers_tell_is_not_lost()
    {
        AssertCount(2, First, Second with { Ack = 1235 });
        AssertCount(2, First, Second with { Window = 501 });
        AssertCount(2, First, Second with { Options = [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 2] });
        AssertCount(2, First, Second with { Options = [] });
        AssertCount(2, First, Second with { Flags = TcpFlags.Ack | TcpFlags.Ece });
        AssertCount(2, First, Second with { Flags = TcpFlags.Ack | TcpFlags.Cwr });
        AssertCount(2, First, Second with { Flags = TcpFlags.Ack | TcpFlags.Urg });
        AssertCount(2, First, Second with { Flags = TcpFlags.Ack | TcpFlags.Rst });
        AssertCount(2, First, Second with { Identification = 1 });
        AssertCount(2, First with { Identification = 7 }, Second with { Identification = 7 });
        AssertCount(2, First with { Vlan = 1 }, Second with { Vlan = 2 });
        AssertCount(1, First with { Identification = 7 }, Second with { Identification = 8 });
    }

    [Test]
    public void Connections_that_alternate_are_joined_each() => AssertCount(
        2, First, First with { SourcePort = 4001 }, Second, Second with { SourcePort = 4001 },
        Second with { Seq = 2000 }, Second with { Seq = 2000, SourcePort = 4001 });

    [TestCase(0)]
    [TestCase(1)]
    public void A_segment_with_a_wrong_checksum_is_passed_on_as_it_is(int wrong)
    {
        Frame[] frames = [First.ToFrame(Frames), Second.ToFrame(Frames)];
        frames[wrong].Octets[^1] ^= 1;
        List<Frame> joined = Join(frames);
        Assert.That(joined, Is.EqualTo(frames));
        Assert.That(joined.Select(frame => frame.LacksChecksum), Is.All.False);
        joined.ForEach(frame => frame.Dispose());
    }

    [Test]
    public void Nothing_grows_beyond_the_largest_IP_packet()
    {
        TestSegment[] segments =
            [.. Enumerable.Range(0, 64).Select(index => First with { Seq = 1400 * (uint)index, Payload = new byte[1400] })];
        List<Frame> joined = Join(segments);
        Assert.That(joined.Select(frame => frame.Length - 14), Is.All.LessThanOrEqualTo(65535));
        Assert.That(joined, Has.Count.EqualTo(2));
        joined.ForEach(frame => frame.Dispose());
    }

    [Test]
    public void What_fills_the_largest_IP_packet_is_joined([Values] bool isTagged, [Values(0, 1, 12, 13)] int octetsLess)
    {
        const int size = 1448;
        TestSegment first = First with { Vlan = isTagged ? (ushort)7 : null, Payload = new byte[size] };
        int headers = IPv4Header.MinLength + TcpHeader.MinLength + first.Options.Length;
        int rest = IPv4Header.MaxPacketLength - headers - (45 * size) - octetsLess;
        TestSegment[] segments = [.. Enumerable.Range(0, 45).Select(index => first with { Seq = size * (uint)index })];

        List<Frame> joined = Join([.. segments, first with { Seq = 45 * size, Payload = new byte[rest] }]);

        Assert.That(joined, Has.Count.EqualTo(1));
        Assert.That(joined[0].Length, Is.EqualTo((isTagged ? 18 : 14) + IPv4Header.MaxPacketLength - octetsLess));
        joined[0].Dispose();
    }

    private static readonly ushort[] Ports = [4000, 4001];

    /// <summary>Segments that often fit each other and often do not.</summary>
    private static Gen<TestSegment> Segments =>
        from place in Gen.Int[0, 5]
        from port in Gen.OneOf(Ports)
        from size in Gen.Frequency((5, Gen.Const(100)), (1, Gen.Int[0, 100]))
        from flags in Gen.Frequency(
            (8, Gen.Const(TcpFlags.Ack)), (1, Gen.Byte.Select(octet => (TcpFlags)octet)))
        from ack in Gen.Frequency((8, Gen.Const(5u)), (1, Gen.UInt))
        from step in Gen.OneOf(0, 1)
        from dontFragment in Gen.Frequency((5, Gen.Const(true)), (1, Gen.Const(false)))
        select new TestSegment
        {
            SourcePort = port,
            Seq = (uint)place * 100,
            Identification = (ushort)(step * place),
            DontFragment = dontFragment,
            Ack = ack,
            Flags = flags,
            Payload = TestSegment.PayloadFrom((uint)place * 100, size),
        };

    private static bool IsFrom(byte[] octets, ushort port) => octets[34] == port >> 8 && octets[35] == (byte)port;

    private List<Frame> Join(params TestSegment[] segments) => Join(segments.Select(segment => segment.ToFrame(Frames)));

    private void AssertCount(int count, params TestSegment[] segments)
    {
        List<Frame> joined = Join(segments);
        Assert.That(joined, Has.Count.EqualTo(count));
        joined.ForEach(frame => frame.Dispose());
    }
}
