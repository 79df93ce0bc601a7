using CsCheck;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class ReceiveBufferTests
{
    private const int NoLimit = int.MaxValue;

    private readonly FramePool _frames = new(100_000);

    /// <summary>The sender's memory.</summary>
    private readonly ChunkPool _theirs = new();

    /// <summary>The receiver's.</summary>
    private readonly ChunkPool _ours = new();

    [TearDown]
    public void AllIsBack()
    {
        Assert.That(_theirs.Outstanding + _ours.Outstanding, Is.Zero, "chunks leaked");
        Assert.That(_frames.Outstanding, Is.Zero, "frames leaked");
    }

    [Test]
    public void Little_text_is_packed_and_much_is_kept_by_reference()
    {
        using ReceiveBuffer buffer = new(_ours);
        for (int seq = 0; seq < 4000; seq += 1000)
            Append(buffer, seq, 1000, isAttached: true);
        Assert.That((_ours.Outstanding, _theirs.Outstanding), Is.EqualTo((1, 0)));
        Append(buffer, 4000, 40_000, isAttached: true);
        Assert.That((_ours.Outstanding, _theirs.Outstanding), Is.EqualTo((1, 3)));
        Append(buffer, 44_000, 5000, isAttached: false);
        Assert.That(_ours.Outstanding, Is.EqualTo(1));
        AssertHolds(buffer, 0, 49_000);
    }

    [Test]
    public void A_chunk_goes_back_when_its_last_octet_is_consumed()
    {
        using ReceiveBuffer buffer = new(_ours);
        Append(buffer, 0, 40_000, isAttached: true);
        buffer.Consume(Chunk.Size - 1);
        Assert.That(_theirs.Outstanding, Is.EqualTo(3));
        buffer.Consume(1);
        Assert.That(_theirs.Outstanding, Is.EqualTo(2));
        buffer.Consume(buffer.Length);
        Assert.That(_theirs.Outstanding, Is.Zero);
    }

    [Test]
    public void References_keep_no_more_memory_than_they_may()
    {
        using ReceiveBuffer buffer = new(_ours);
        const int limit = 10 * Chunk.Size;
        int seq = 0;
        for (; seq < 100 * ReceiveBuffer.CopyBreak; seq += ReceiveBuffer.CopyBreak)
            Append(buffer, seq, ReceiveBuffer.CopyBreak, isAttached: true, limit); // each in a chunk of its own
        Assert.That(_theirs.Outstanding, Is.EqualTo(10));
        Assert.That(_ours.Outstanding, Is.LessThanOrEqualTo(25));
        AssertHolds(buffer, 0, seq);
    }

    [Test]
    public void Out_of_order_octets_wait_until_the_gap_is_closed()
    {
        using ReceiveBuffer buffer = new(_ours);
        Wait(buffer, 20_000, 30_000, isAttached: true);
        Wait(buffer, 10_000, 5000, isAttached: false);
        Wait(buffer, 12_000, 10_000, isAttached: true); // overlaps both
        Assert.That(buffer.Length, Is.Zero);
        Assert.That(Append(buffer, 0, 11_000, isAttached: false), Is.EqualTo(50_000));
        AssertHolds(buffer, 0, 50_000);
    }

    [Test]
    public void What_waits_is_dropped_when_nothing_more_will_come()
    {
        using ReceiveBuffer buffer = new(_ours);
        Append(buffer, 0, 10, isAttached: false);
        Wait(buffer, 20_000, 30_000, isAttached: true);
        buffer.DropWaiting();
        Assert.That(_theirs.Outstanding, Is.Zero);
        AssertHolds(buffer, 0, 10);
    }

    [Test]
    public void Any_order_of_segments_gives_the_octets_in_order() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[1, 20], Gen.Bool, Gen.Int[0, 30_000]).Array[1, 60].Sample(
            steps =>
            {
                using ReceiveBuffer buffer = new(_ours);
                Reassembly ranges = new();
                int nxt = 0;
                int consumed = 0;
                foreach ((int place, int size, bool isAttached, int consume) in steps)
                {
                    int start = place * 1000;
                    int end = start + (size * 1000);
                    if (end <= nxt)
                        continue;
                    start = Math.Max(start, nxt);
                    if (start > nxt)
                    {
                        if (!ranges.Add(At(start), At(end)))
                            return false;
                        Wait(buffer, start, end - start, isAttached);
                    }
                    else
                    {
                        nxt = Append(buffer, start, end - start, isAttached);
                        if (ranges.Advance(At(end)) != At(nxt))
                            return false;
                    }
                    AssertHolds(buffer, consumed, nxt - consumed);
                    int length = Math.Min(consume, buffer.Length);
                    buffer.Consume(length);
                    consumed += length;
                }
                return true;
            },
            threads: 1);

    // The numbers wrap in the middle.
    private static SequenceNumber At(int place) => new SequenceNumber(0xffff_8000) + place;

    private static byte OctetAt(int place) => (byte)((place * 31) ^ (place >> 8));

    /// <summary>Takes in octets that are a function of their place.</summary>
    /// <returns>The place after all that is there in order.</returns>
    private int Append(ReceiveBuffer buffer, int seq, int length, bool isAttached, int limit = NoLimit)
    {
        using Frame frame = FrameWith(seq, length, isAttached);
        return buffer.Append(At(seq), new SegmentText(frame, 20, length), limit) - At(0);
    }

    private void Wait(ReceiveBuffer buffer, int seq, int length, bool isAttached)
    {
        using Frame frame = FrameWith(seq, length, isAttached);
        buffer.Wait(At(seq), new SegmentText(frame, 20, length), NoLimit);
    }

    /// <summary>Twenty octets of a header, and the text.</summary>
    private Frame FrameWith(int seq, int length, bool isAttached)
    {
        Frame frame = _frames.Rent();
        frame.Append(20).Clear();
        byte[] octets = new byte[length];
        for (int index = 0; index < length; index++)
            octets[index] = OctetAt(seq + index);
        if (!isAttached)
        {
            octets.CopyTo(frame.Append(length));
            return frame;
        }
        for (int offset = 0; offset < length; offset += Chunk.Size)
        {
            Chunk chunk = _theirs.Rent();
            int count = Math.Min(Chunk.Size, length - offset);
            octets.AsSpan(offset, count).CopyTo(chunk.Octets);
            frame.Attach(new ChunkPiece(chunk, 0, count));
            chunk.Release();
        }
        return frame;
    }

    private static void AssertHolds(ReceiveBuffer buffer, int seq, int length)
    {
        Assert.That(buffer.Length, Is.EqualTo(length));
        ReadOnlyMemory<byte>[] pieces = new ReadOnlyMemory<byte>[2000];
        int count = buffer.Peek(pieces);
        int place = seq;
        bool isRight = true;
        foreach (ReadOnlyMemory<byte> piece in pieces.AsSpan(0, count))
        {
            foreach (byte octet in piece.Span)
                isRight &= octet == OctetAt(place++);
        }
        Assert.That(isRight);
        Assert.That(place - seq, Is.EqualTo(length));
    }
}
