using System.Diagnostics;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>Octets of a stream in order, wherever they stand. It has one reference to each piece's chunk.</summary>
internal sealed class PieceQueue
{
    /// <summary>A ring that a backlog made larger than this is let go when it is empty.</summary>
    private const int MaxIdlePieces = 128;

    // The ring's length is a power of two.
    private ChunkPiece[] _pieces = [];
    private int _first;
    private int _count;

    /// <summary>Octets in all pieces.</summary>
    public int Length { get; private set; }

    /// <summary>Octets of the chunks that they keep from being used for something else, others' parts in them included.</summary>
    public int HeldOctets { get; private set; }

    /// <summary>Takes over the caller's reference.</summary>
    public void Enqueue(ChunkPiece piece)
    {
        Debug.Assert(piece.Length > 0);
        Length += piece.Length;
        if (_count > 0)
        {
            ref ChunkPiece last = ref _pieces[Slot(_count - 1)];
            if (last.Chunk == piece.Chunk && last.End == piece.Start)
            {
                last = new(last.Chunk, last.Start, last.Length + piece.Length);
                piece.Chunk.Release();
                return;
            }
            HeldOctets += last.Chunk == piece.Chunk ? 0 : Chunk.Size;
        }
        else
        {
            HeldOctets = Chunk.Size;
        }
        if (_count == _pieces.Length)
            Grow();
        _pieces[Slot(_count++)] = piece;
    }

    /// <summary>Lends the octets from the first on.</summary>
    /// <returns>How many pieces were filled in.</returns>
    public int Peek(Span<ReadOnlyMemory<byte>> pieces)
    {
        int count = Math.Min(_count, pieces.Length);
        for (int index = 0; index < count; index++)
            pieces[index] = _pieces[Slot(index)].Memory;
        return count;
    }

    /// <summary>Drops octets at the front.</summary>
    public void Consume(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthOctets);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, Length);
        Length -= lengthOctets;
        while (lengthOctets > 0)
        {
            ref ChunkPiece first = ref _pieces[_first];
            if (lengthOctets < first.Length)
            {
                first = first.Skip(lengthOctets);
                return;
            }
            lengthOctets -= first.Length;
            Chunk chunk = first.Chunk;
            first = default;
            _first = Slot(1);
            _count--;
            HeldOctets -= _count > 0 && _pieces[_first].Chunk == chunk ? 0 : Chunk.Size;
            chunk.Release();
        }
        if (_count == 0 && _pieces.Length > MaxIdlePieces)
            (_pieces, _first) = ([], 0);
    }

    private int Slot(int index) => (_first + index) & (_pieces.Length - 1);

    private void Grow()
    {
        ChunkPiece[] larger = new ChunkPiece[Math.Max(4, 2 * _pieces.Length)];
        for (int index = 0; index < _pieces.Length; index++)
            larger[index] = _pieces[Slot(index)];
        (_pieces, _first) = (larger, 0);
    }
}
