using CsCheck;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class SendBufferTests
{
    [Test]
    public void An_empty_buffer_holds_no_chunk()
    {
        ChunkPool pool = new();
        SendBuffer buffer = new(pool);
        buffer.GetWriteSpan(10)[0] = 1;
        Assert.That(pool.Outstanding, Is.EqualTo(1));
        buffer.Commit(0);
        Assert.That(pool.Outstanding, Is.Zero);
        Append(buffer, new byte[100_000]);
        Assert.That(pool.Outstanding, Is.EqualTo(7));
        buffer.Consume(99_999);
        Assert.That(pool.Outstanding, Is.EqualTo(1));
        buffer.Consume(1);
        Assert.That(pool.Outstanding, Is.Zero);
    }

    [Test]
    public void Chunks_that_were_lent_and_not_filled_go_back()
    {
        ChunkPool pool = new();
        using SendBuffer buffer = new(pool);
        Assert.That(buffer.GetWritePieces(100_000, new Memory<byte>[4]), Is.EqualTo(4));
        Assert.That(pool.Outstanding, Is.EqualTo(4));
        buffer.Commit(Chunk.Size);
        Assert.That(pool.Outstanding, Is.EqualTo(1));
        Assert.That(buffer.GetWritePieces(10, new Memory<byte>[4]), Is.EqualTo(1));
        buffer.Commit(0);
        Assert.That(pool.Outstanding, Is.EqualTo(1));
    }

    [Test]
    public void A_chunk_goes_back_when_neither_buffer_nor_frame_refers_to_it()
    {
        ChunkPool pool = new();
        using SendBuffer buffer = new(pool);
        Append(buffer, Enumerable.Range(0, 40_000).Select(number => (byte)number).ToArray());
        Frame frame = new FramePool().Rent();
        buffer.AttachTo(frame, 10, 30_000);
        buffer.Consume(40_000);
        Append(buffer, new byte[100_000]); // takes other chunks
        byte[] octets = new byte[frame.Length];
        frame.CopyTo(0, octets);
        Assert.That(octets, Is.EqualTo(Enumerable.Range(10, 30_000).Select(number => (byte)number)));
        buffer.Consume(100_000);
        Assert.That(pool.Outstanding, Is.EqualTo(2));
        frame.Dispose();
        Assert.That(pool.Outstanding, Is.Zero);
    }

    [Test]
    public void Any_sequence_of_writes_and_reads_keeps_the_octets_in_order() =>
        Gen.Select(Gen.Int[1, 40_000], Gen.Int[0, 40_000], Gen.Bool).Array[1, 30].Sample(steps =>
        {
            ChunkPool pool = new();
            FramePool frames = new();
            using SendBuffer buffer = new(pool);
            List<byte> written = [];
            int consumed = 0;
            List<(Frame Frame, byte[] Expected)> sent = [];
            foreach ((int write, int consume, bool attaches) in steps)
            {
                byte[] octets = new byte[write];
                Random.Shared.NextBytes(octets);
                Append(buffer, octets);
                written.AddRange(octets);
                int length = Math.Min(consume, buffer.Length);
                byte[] expected = [.. written.Skip(consumed).Take(length)];
                byte[] read = new byte[length];
                buffer.CopyTo(0, read);
                if (!read.AsSpan().SequenceEqual(expected))
                    return false;
                if (attaches && length > 0)
                {
                    sent.Add((frames.Rent(), expected));
                    buffer.AttachTo(sent[^1].Frame, 0, length);
                }
                buffer.Consume(length);
                consumed += length;
            }
            buffer.Consume(buffer.Length);
            foreach ((Frame frame, byte[] expected) in sent)
            {
                byte[] octets = new byte[frame.Length];
                frame.CopyTo(0, octets);
                frame.Dispose();
                if (!octets.AsSpan().SequenceEqual(expected))
                    return false;
            }
            return pool.Outstanding == 0;
        });

    /// <summary>Writes in several pieces at once.</summary>
    private static void Append(SendBuffer buffer, ReadOnlySpan<byte> octets)
    {
        Memory<byte>[] pieces = new Memory<byte>[3];
        while (octets.Length > 0)
        {
            int count = buffer.GetWritePieces(octets.Length, pieces);
            int length = 0;
            foreach (Memory<byte> piece in pieces.AsSpan(0, count))
            {
                octets.Slice(length, piece.Length).CopyTo(piece.Span);
                length += piece.Length;
            }
            buffer.Commit(length);
            octets = octets[length..];
        }
    }
}
