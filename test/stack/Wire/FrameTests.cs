using CsCheck;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Wire;

/// <summary>Frames that carry payload by reference.</summary>
public class FrameTests
{
    private readonly FramePool _frames = new();
    private readonly ChunkPool _chunks = new();

    [TearDown]
    public void AllIsBack() => Assert.That(_frames.Outstanding + _chunks.Outstanding, Is.Zero);

    [Test]
    public void The_length_counts_what_is_attached_and_headers_can_be_put_before_it()
    {
        using Frame frame = Make([1, 2], [3, 4, 5], [6]);
        Assert.That((frame.Length, frame.AttachedOctets, frame.HasAttachment), Is.EqualTo((6, 4, true)));
        frame.Prepend(1)[0] = 0;
        Assert.That(Copy(frame), Is.EqualTo(new byte[] { 0, 1, 2, 3, 4, 5, 6 }));
        frame.TrimStart(2);
        Assert.That(Copy(frame), Is.EqualTo(new byte[] { 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void A_part_cannot_be_taken_for_the_whole()
    {
        using Frame frame = Make([1, 2], [3]);
        Assert.That(() => frame.Octets.Length, Throws.InvalidOperationException);
        Assert.That(frame.Head.ToArray(), Is.EqualTo(new byte[] { 1, 2 }));
    }

    [Test]
    public void A_copy_has_all_octets_of_its_own()
    {
        using Frame frame = Make([1, 2], [3]);
        frame.SegmentSize = 1;
        frame.LacksChecksum = true;
        using Frame copy = _frames.Rent();
        copy.AppendCopyOf(frame);
        Assert.That(copy.Octets.ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That((copy.SegmentSize, copy.LacksChecksum), Is.EqualTo((1, true)));
    }

    [Test]
    public void A_frame_that_is_rented_again_has_nothing_of_before()
    {
        Frame frame = Make([1, 2], [3]);
        frame.SegmentSize = 1;
        frame.LacksChecksum = true;
        frame.Dispose();
        using Frame again = _frames.Rent();
        Assert.That(again, Is.SameAs(frame));
        Assert.That((again.Length, again.HasAttachment, again.SegmentSize, again.LacksChecksum), Is.EqualTo((0, false, 0, false)));
    }

    [Test]
    public void Any_part_can_be_copied_and_any_end_cut() =>
        Gen.Select(Gen.Byte.Array[0, 10], Gen.Byte.Array[1, 10].Array[0, 5], Gen.Int[0, 60], Gen.Int[0, 60], Gen.Int[0, 60])
            .Sample(
                (own, attached, from, to, cut) =>
                {
                    byte[] all = [.. own, .. attached.SelectMany(octets => octets)];
                    using Frame frame = Make(own, attached);
                    int end = Math.Min(to, all.Length);
                    int start = Math.Min(from, end);
                    byte[] part = new byte[end - start];
                    frame.CopyTo(start, part);
                    bool isRight = part.AsSpan().SequenceEqual(all.AsSpan(start..end));
                    frame.Truncate(Math.Min(cut, all.Length));
                    return isRight && Copy(frame).AsSpan().SequenceEqual(all.AsSpan(0, Math.Min(cut, all.Length)));
                },
                threads: 1);

    [Test]
    public void The_checksum_does_not_depend_on_where_the_octets_stand() =>
        Gen.Select(Gen.Byte.Array[0, 30], Gen.Byte.Array[1, 30].Array[0, 5]).Sample(
            (own, attached) =>
            {
                byte[] all = [.. own, .. attached.SelectMany(octets => octets)];
                using Frame frame = Make(own, attached);
                return Checksum.Finish(Checksum.Add(7, frame, 0)) == Checksum.Finish(Checksum.Add(7, all));
            },
            threads: 1);

    private static byte[] Copy(Frame frame)
    {
        byte[] octets = new byte[frame.Length];
        frame.CopyTo(0, octets);
        return octets;
    }

    private Frame Make(byte[] own, params byte[][] attached)
    {
        Frame frame = _frames.Rent();
        own.CopyTo(frame.Append(own.Length));
        foreach (byte[] octets in attached)
        {
            Chunk chunk = _chunks.Rent();
            octets.CopyTo(chunk.Octets[5..]);
            frame.Attach(new ChunkPiece(chunk, 5, octets.Length));
            chunk.Release();
        }
        return frame;
    }
}
