using System.Diagnostics;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// The stretch of an octet stream that the user has given us to send, from the first octet that is not acknowledged
/// (offset 0) on. Frames may refer to its octets rather than copy them. An empty buffer holds no memory.
/// </summary>
internal sealed class SendBuffer(ChunkPool pool) : IDisposable
{
    // A ring: the chunk of logical index i is _chunks[(_first + i) mod length].
    private Chunk?[] _chunks = [];
    private int _first;

    // Chunks in the ring: those with octets, and those that were lent to be written to.
    private int _held;

    // Octets of the first chunk that are consumed already.
    private int _skip;

    /// <summary>Octets that are there.</summary>
    public int Length { get; private set; }

    private int End => _skip + Length;

    /// <summary>
    /// The free octets after the end, in one piece of at most <paramref name="limit"/> octets; valid until the next call.
    /// <see cref="Commit"/> must follow, be it with 0.
    /// </summary>
    public Span<byte> GetWriteSpan(int limit)
    {
        if (limit <= 0)
            return default;
        Span<byte> free = ChunkAt(End).Octets[(End % Chunk.Size)..];
        return free.Length > limit ? free[..limit] : free;
    }

    /// <summary>The same in several pieces.</summary>
    /// <returns>How many pieces were filled in.</returns>
    public int GetWritePieces(int limit, Span<Memory<byte>> pieces)
    {
        int count = 0;
        for (int place = End; limit > 0 && count < pieces.Length; count++)
        {
            int start = place % Chunk.Size;
            int length = Math.Min(Chunk.Size - start, limit);
            pieces[count] = ChunkAt(place).Memory.Slice(start, length);
            place += length;
            limit -= length;
        }
        return count;
    }

    /// <summary>Takes the first octets of what was last lent to be written to into the buffer.</summary>
    public void Commit(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthOctets);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, (_held * Chunk.Size) - End);
        Length += lengthOctets;
        int needed = Length == 0 ? 0 : (End + Chunk.Size - 1) / Chunk.Size;
        while (_held > needed)
            Release(--_held);
        ResetIfEmpty();
    }

    /// <summary>Copies octets out, which stay in the buffer.</summary>
    public void CopyTo(int offset, Span<byte> destination)
    {
        CheckRange(offset, destination.Length);
        while (destination.Length > 0)
        {
            ChunkPiece piece = PieceAt(offset, destination.Length);
            piece.Octets.CopyTo(destination);
            destination = destination[piece.Length..];
            offset += piece.Length;
        }
    }

    /// <summary>Puts octets at the end of a frame by reference; they may be consumed here before the frame is gone.</summary>
    public void AttachTo(Frame frame, int offset, int lengthOctets)
    {
        CheckRange(offset, lengthOctets);
        for (int end = offset + lengthOctets; offset < end;)
        {
            ChunkPiece piece = PieceAt(offset, end - offset);
            frame.Attach(piece);
            offset += piece.Length;
        }
    }

    /// <summary>Drops octets at the start: offset 0 moves on.</summary>
    public void Consume(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthOctets);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, Length);
        Length -= lengthOctets;
        _skip += lengthOctets;
        while (_skip >= Chunk.Size)
        {
            Release(0);
            _first = Slot(1);
            _held--;
            _skip -= Chunk.Size;
        }
        ResetIfEmpty();
    }

    /// <summary>Gives all memory back; the buffer is empty and may be used again.</summary>
    public void Dispose()
    {
        Length = 0;
        ResetIfEmpty();
    }

    private void CheckRange(int offset, int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, Length - offset);
    }

    private void ResetIfEmpty()
    {
        if (Length > 0)
            return;
        while (_held > 0)
            Release(--_held);
        _first = 0;
        _skip = 0;
    }

    private void Release(int index)
    {
        ref Chunk? chunk = ref _chunks[Slot(index)];
        chunk!.Release();
        chunk = null;
    }

    /// <summary>Octets from the offset on that stand side by side.</summary>
    private ChunkPiece PieceAt(int offset, int lengthOctets)
    {
        int place = _skip + offset;
        int start = place % Chunk.Size;
        return new(_chunks[Slot(place / Chunk.Size)]!, start, Math.Min(Chunk.Size - start, lengthOctets));
    }

    /// <summary>The chunk with this place, which is rented if it is the next one.</summary>
    private Chunk ChunkAt(int place)
    {
        int index = place / Chunk.Size;
        if (index < _held)
            return _chunks[Slot(index)]!;
        Debug.Assert(index == _held);
        if (_held == _chunks.Length)
            Grow();
        Chunk chunk = pool.Rent();
        _chunks[Slot(_held++)] = chunk;
        return chunk;
    }

    // The ring's length is a power of two.
    private int Slot(int index) => (_first + index) & (_chunks.Length - 1);

    private void Grow()
    {
        Chunk?[] larger = new Chunk?[Math.Max(4, 2 * _chunks.Length)];
        for (int index = 0; index < _chunks.Length; index++)
            larger[index] = _chunks[Slot(index)];
        _chunks = larger;
        _first = 0;
    }
}
