using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// The stretch of an octet stream that has arrived and that the user has not taken yet, with what waits beyond it for a
/// gap to be closed. Text that came by reference is kept so, unless it is little; other text is copied into chunks one
/// after another. An empty buffer holds no memory.
/// </summary>
internal sealed class ReceiveBuffer(ChunkPool pool) : IDisposable
{
    /// <summary>
    /// Less text than this is copied. It is then packed, where a reference keeps a whole chunk of the sender's, however
    /// little of it is ours.
    /// </summary>
    public const int CopyBreak = Chunk.Size / 4;

    private readonly PieceQueue _ready = new();
    private readonly WaitingText _waiting = new();
    private Chunk? _filling;
    private int _filled;

    /// <summary>Octets that are there in order.</summary>
    public int Length => _ready.Length;

    /// <summary>No more out-of-order text is taken.</summary>
    public bool IsWaitingFull => _waiting.IsFull;

    /// <summary>Takes in the text at the end of what is there, and what waited for it.</summary>
    /// <param name="seq">Where the text begins.</param>
    /// <param name="text">The text.</param>
    /// <param name="limitOctets">How much memory references may keep; beyond, they are copied.</param>
    /// <returns>The place after all that is there in order.</returns>
    public SequenceNumber Append(SequenceNumber seq, SegmentText text, int limitOctets)
    {
        SequenceNumber end = seq + text.Length;
        for (bool mayRefer = MayRefer(text, limitOctets); text.Length > 0;)
        {
            ChunkPiece piece = Keep(text, mayRefer);
            _ready.Enqueue(piece);
            text = text.Skip(piece.Length);
        }
        return _waiting.IsEmpty ? end : _waiting.MoveTo(_ready, end);
    }

    /// <summary>Keeps text that stands beyond a gap.</summary>
    public void Wait(SequenceNumber seq, SegmentText text, int limitOctets)
    {
        bool mayRefer = MayRefer(text, limitOctets);
        SequenceNumber end = seq + text.Length;
        while (end - seq > 0)
        {
            SequenceNumber from = SequenceNumber.Earlier(_waiting.EndOfKnown(seq), end);
            text = text.Skip(from - seq);
            seq = from;
            int missing = _waiting.StartOfNext(seq, end) - seq;
            if (missing <= 0)
                continue;
            ChunkPiece piece = Keep(text.Take(missing), mayRefer);
            _waiting.Insert(seq, piece);
            text = text.Skip(piece.Length);
            seq += piece.Length;
        }
    }

    /// <summary>Lends the octets from the first on, in order; valid until the next call that changes the buffer.</summary>
    /// <returns>How many pieces were filled in.</returns>
    public int Peek(Span<ReadOnlyMemory<byte>> pieces) => _ready.Peek(pieces);

    /// <summary>Drops octets at the start.</summary>
    public void Consume(int lengthOctets)
    {
        _ready.Consume(lengthOctets);
        ReleaseIfEmpty();
    }

    /// <summary>Nothing more will come: what waits beyond a gap is of no use.</summary>
    public void DropWaiting()
    {
        _waiting.Clear();
        ReleaseIfEmpty();
    }

    /// <summary>Gives all memory back; the buffer is empty and may be used again.</summary>
    public void Dispose()
    {
        _waiting.Clear();
        _ready.Consume(_ready.Length);
        ReleaseIfEmpty();
    }

    private bool MayRefer(SegmentText text, int limitOctets) =>
        text.Length >= CopyBreak && text.IsAttached && _ready.HeldOctets + _waiting.HeldOctets < limitOctets;

    /// <summary>A piece with the text's first octets, and a reference to it.</summary>
    private ChunkPiece Keep(SegmentText text, bool mayRefer)
    {
        if (mayRefer)
        {
            ChunkPiece attached = text.FirstPiece();
            attached.Chunk.Retain();
            return attached;
        }
        if (_filled == Chunk.Size)
            ReleaseFilling();
        _filling ??= pool.Rent();
        ChunkPiece piece = new(_filling, _filled, Math.Min(Chunk.Size - _filled, text.Length));
        text.CopyTo(_filling.Octets.Slice(piece.Start, piece.Length));
        _filled = piece.End;
        _filling.Retain();
        return piece;
    }

    private void ReleaseIfEmpty()
    {
        if (_ready.Length == 0 && _waiting.IsEmpty)
            ReleaseFilling();
    }

    private void ReleaseFilling()
    {
        _filling?.Release();
        _filling = null;
        _filled = 0;
    }
}
