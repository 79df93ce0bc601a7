using CsCheck;
using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class StreamBufferTests
{
    [Test]
    public void An_empty_buffer_holds_no_chunk()
    {
        ChunkPool pool = new();
        StreamBuffer buffer = new(pool);
        buffer.GetWriteSpan(10)[0] = 1;
        Assert.That(pool.Outstanding, Is.EqualTo(1));
        buffer.Commit(0);
        Assert.That(pool.Outstanding, Is.Zero);
        buffer.Append(new byte[100_000]);
        Assert.That(pool.Outstanding, Is.EqualTo(7));
        buffer.Consume(99_999);
        Assert.That(pool.Outstanding, Is.EqualTo(1));
        buffer.Consume(1);
        Assert.That(pool.Outstanding, Is.Zero);
    }

    [Test]
    public void Out_of_order_octets_wait_beyond_the_end_until_the_gap_is_closed()
    {
        ChunkPool pool = new();
        using StreamBuffer buffer = new(pool);
        buffer.Append("ab"u8);
        buffer.WriteAt(4, "ef"u8);
        Assert.That(buffer.Length, Is.EqualTo(2));
        buffer.Consume(2);
        Assert.That(pool.Outstanding, Is.EqualTo(1), "the waiting octets need their chunk");
        buffer.WriteAt(0, "cd"u8);
        buffer.Advance(4);
        Assert.That(Text(buffer), Is.EqualTo("cdef"));
    }

    [Test]
    public void The_end_cannot_move_over_octets_that_never_came()
    {
        using StreamBuffer buffer = new(new ChunkPool());
        buffer.WriteAt(1, "b"u8);
        Assert.That(() => buffer.Advance(3), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Any_sequence_of_writes_and_reads_keeps_the_octets_in_order() =>
        Gen.Select(Gen.Int[1, 40_000], Gen.Int[0, 40_000], Gen.Int[0, 20_000]).Array[1, 30].Sample(steps =>
        {
            ChunkPool pool = new();
            using StreamBuffer buffer = new(pool);
            byte next = 0, expected = 0;
            bool right = true;
            foreach ((int write, int consume, int gap) in steps)
            {
                byte[] octets = new byte[write];
                foreach (ref byte octet in octets.AsSpan())
                    octet = next++;
                int split = Math.Min(gap, write);
                buffer.WriteAt(buffer.Length + split, octets.AsSpan(split));
                buffer.WriteAt(buffer.Length, octets.AsSpan(0, split));
                buffer.Advance(write);
                byte[] read = new byte[Math.Min(consume, buffer.Length)];
                buffer.CopyTo(0, read);
                right &= Joined(buffer).AsSpan().StartsWith(read);
                foreach (byte octet in read)
                    right &= octet == expected++;
                buffer.Consume(read.Length);
            }
            buffer.Consume(buffer.Length);
            return right && pool.Outstanding == 0;
        });

    private static byte[] Joined(StreamBuffer buffer)
    {
        ReadOnlyMemory<byte>[] pieces = new ReadOnlyMemory<byte>[200];
        int count = buffer.Peek(pieces);
        return [.. pieces.Take(count).SelectMany(piece => piece.ToArray())];
    }

    private static string Text(StreamBuffer buffer) => System.Text.Encoding.ASCII.GetString(Joined(buffer));
}
