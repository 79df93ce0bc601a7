using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>The octets beyond Rcv.Nxt of which <see cref="Reassembly"/> keeps the ranges. It has one reference to each piece's chunk.</summary>
internal sealed class WaitingText
{
    /// <summary>Bounds memory and time against a peer that sends octet for octet, the last one first.</summary>
    public const int MaxPieces = 1024;

    // In the order of the sequence space, none overlapping.
    private readonly List<Waiting> _pieces = [];

    public bool IsEmpty => _pieces.Count == 0;

    /// <summary>No more than this is taken; a segment may fill several gaps.</summary>
    public bool IsFull => _pieces.Count >= MaxPieces;

    /// <summary>At least the octets of the chunks that wait.</summary>
    public int HeldOctets => _pieces.Count * Chunk.Size;

    /// <summary>The place after the octets that are there from this one on, or the place itself.</summary>
    public SequenceNumber EndOfKnown(SequenceNumber seq)
    {
        int index = IndexAt(seq);
        return index >= 0 && _pieces[index].End - seq > 0 ? _pieces[index].End : seq;
    }

    /// <summary>The first octet after this one that is there, or <paramref name="end"/>.</summary>
    public SequenceNumber StartOfNext(SequenceNumber seq, SequenceNumber end)
    {
        int index = IndexAt(seq) + 1;
        return index < _pieces.Count ? SequenceNumber.Earlier(_pieces[index].Start, end) : end;
    }

    /// <summary>Takes over the caller's reference to octets that are not there yet.</summary>
    public void Insert(SequenceNumber seq, ChunkPiece piece)
    {
        int index = IndexAt(seq) + 1;
        if (index > 0 && _pieces[index - 1] is var before && before.End == seq && before.Piece.Chunk == piece.Chunk &&
            before.Piece.End == piece.Start)
        {
            ChunkPiece joined = new(piece.Chunk, before.Piece.Start, before.Piece.Length + piece.Length);
            _pieces[index - 1] = new(before.Start, joined);
            piece.Chunk.Release();
            return;
        }
        _pieces.Insert(index, new(seq, piece));
    }

    /// <summary>All octets before <paramref name="nxt"/> have come: moves what follows without a gap.</summary>
    /// <returns>The place after what was moved.</returns>
    public SequenceNumber MoveTo(PieceQueue queue, SequenceNumber nxt)
    {
        int passed = 0;
        for (; passed < _pieces.Count && _pieces[passed].Start - nxt <= 0; passed++)
        {
            Waiting next = _pieces[passed];
            int known = nxt - next.Start;
            if (known >= next.Piece.Length)
            {
                next.Piece.Chunk.Release();
                continue;
            }
            queue.Enqueue(next.Piece.Skip(known));
            nxt = next.End;
        }
        _pieces.RemoveRange(0, passed);
        return nxt;
    }

    public void Clear()
    {
        foreach (Waiting waiting in _pieces)
            waiting.Piece.Chunk.Release();
        _pieces.Clear();
    }

    /// <summary>The last piece that begins at or before this place, or -1.</summary>
    private int IndexAt(SequenceNumber seq)
    {
        int index = _pieces.Count - 1; // most segments come in order behind a gap
        while (index >= 0 && _pieces[index].Start - seq > 0)
            index--;
        return index;
    }

    private readonly record struct Waiting(SequenceNumber Start, ChunkPiece Piece)
    {
        public SequenceNumber End => Start + Piece.Length;
    }
}
