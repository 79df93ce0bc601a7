using System.Diagnostics;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// A stretch of an octet stream, kept for sending or for reassembly. It begins at the first octet not yet consumed
/// (offset 0) and ends <see cref="Length"/> octets later; octets that arrived out of order may stand beyond the end
/// until <see cref="Advance"/> takes them in. An empty buffer holds no memory.
/// </summary>
internal sealed class StreamBuffer(ChunkPool pool) : IDisposable
{
    // A ring: the chunk of logical index i is _chunks[(_first + i) mod length]; null where nothing was written yet.
    private byte[]?[] _chunks = [];
    private int _first;

    // Chunks in the ring, so that an empty buffer need not look for them.
    private int _held;

    // Octets of the first chunk that are consumed already.
    private int _skip;

    // One past the furthest octet ever written: from Length to here there may be gaps.
    private int _reach;

    /// <summary>Octets that are there in order.</summary>
    public int Length { get; private set; }

    /// <summary>
    /// The free octets after the end, in one piece of at most <paramref name="limit"/> octets; valid until the next call.
    /// <see cref="Commit"/> must follow, be it with 0.
    /// </summary>
    public Span<byte> GetWriteSpan(int limit)
    {
        Debug.Assert(_reach == Length, "out-of-order data would be overwritten");
        if (limit <= 0)
            return default;
        Span<byte> free = Piece(Length);
        return free.Length > limit ? free[..limit] : free;
    }

    /// <summary>Takes the first octets of the last write span into the buffer.</summary>
    public void Commit(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthOctets);
        Length += lengthOctets;
        _reach = Length;
        ReleaseIfEmpty();
    }

    /// <summary>Copies octets to any place; those beyond the end count only after <see cref="Advance"/>.</summary>
    public void WriteAt(int offset, ReadOnlySpan<byte> octets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        _reach = Math.Max(_reach, offset + octets.Length);
        while (octets.Length > 0)
        {
            Span<byte> piece = Piece(offset);
            int count = Math.Min(piece.Length, octets.Length);
            octets[..count].CopyTo(piece);
            octets = octets[count..];
            offset += count;
        }
    }

    /// <summary>Moves the end over octets that <see cref="WriteAt"/> has written.</summary>
    public void Advance(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthOctets);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, _reach - Length);
        Length += lengthOctets;
    }

    /// <summary>Writes octets at the end and takes them in.</summary>
    public void Append(ReadOnlySpan<byte> octets)
    {
        WriteAt(Length, octets);
        Advance(octets.Length);
    }

    /// <summary>Copies octets out, which stay in the buffer.</summary>
    public void CopyTo(int offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, Length - offset);
        while (destination.Length > 0)
        {
            Span<byte> piece = Piece(offset);
            int count = Math.Min(piece.Length, destination.Length);
            piece[..count].CopyTo(destination);
            destination = destination[count..];
            offset += count;
        }
    }

    /// <summary>Lends the octets from offset 0 on, in order; valid until the next call that changes the buffer.</summary>
    /// <returns>How many pieces were filled.</returns>
    public int Peek(Span<ReadOnlyMemory<byte>> pieces)
    {
        int count = 0;
        for (int offset = 0; offset < Length && count < pieces.Length; count++)
        {
            int place = _skip + offset;
            byte[] chunk = _chunks[Slot(place / ChunkPool.ChunkSize)]!;
            int start = place % ChunkPool.ChunkSize;
            int length = Math.Min(ChunkPool.ChunkSize - start, Length - offset);
            pieces[count] = chunk.AsMemory(start, length);
            offset += length;
        }
        return count;
    }

    /// <summary>Drops octets at the start: offset 0 moves on.</summary>
    public void Consume(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthOctets);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, Length);
        Length -= lengthOctets;
        _reach -= lengthOctets;
        _skip += lengthOctets;
        while (_skip >= ChunkPool.ChunkSize)
        {
            ReturnSlot(_first);
            _first = Slot(1);
            _skip -= ChunkPool.ChunkSize;
        }
        ReleaseIfEmpty();
    }

    /// <summary>Gives all memory back; the buffer is empty and may be used again.</summary>
    public void Dispose()
    {
        Length = 0;
        _reach = 0;
        ReleaseIfEmpty();
    }

    private void ReleaseIfEmpty()
    {
        if (_reach > 0)
            return;
        for (int slot = 0; _held > 0; slot++)
            ReturnSlot(Slot(slot));
        _first = 0;
        _skip = 0;
    }

    private void ReturnSlot(int slot)
    {
        if (_chunks[slot] is not { } chunk)
            return;
        _chunks[slot] = null;
        _held--;
        pool.Return(chunk);
    }

    /// <summary>The octets from an offset to the end of its chunk, which is rented if it is not there.</summary>
    private Span<byte> Piece(int offset)
    {
        int place = _skip + offset;
        int index = place / ChunkPool.ChunkSize;
        if (index >= _chunks.Length)
            Grow(index + 1);
        ref byte[]? chunk = ref _chunks[Slot(index)];
        if (chunk is null)
        {
            chunk = pool.Rent();
            _held++;
        }
        return chunk.AsSpan(place % ChunkPool.ChunkSize);
    }

    // The ring's length is a power of two.
    private int Slot(int index) => (_first + index) & (_chunks.Length - 1);

    private void Grow(int wanted)
    {
        byte[]?[] larger = new byte[]?[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(wanted, 4))];
        for (int index = 0; index < _chunks.Length; index++)
            larger[index] = _chunks[Slot(index)];
        _chunks = larger;
        _first = 0;
    }
}
