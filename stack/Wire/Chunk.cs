using System.Diagnostics;

namespace Pyco.Stack.Wire;

/// <summary>
/// A stretch of memory that several may refer to: the sender that wrote it, frames on their way, the receiver whose
/// program has not read it yet. Octets that somebody else may refer to are never written again. The last one who lets go
/// gives it back to its pool. The count is a plain number, as one loop owns all stacks of a process that share chunks.
/// </summary>
internal sealed class Chunk(ChunkPool pool)
{
    /// <summary>
    /// In octets. A stream that is not empty holds at least one, so larger ones would cost many small connections much;
    /// system calls take several at once.
    /// </summary>
    public const int Size = 16 * 1024;

    private readonly byte[] _octets = GC.AllocateUninitializedArray<byte>(Size, pinned: true);
    private int _references;

    public Span<byte> Octets
    {
        get
        {
            Debug.Assert(_references > 0);
            return _octets;
        }
    }

    public Memory<byte> Memory => _octets;

    /// <summary>One more refers to it.</summary>
    public void Retain() => _references++;

    /// <summary>One fewer refers to it.</summary>
    public void Release()
    {
        Debug.Assert(_references > 0);
        if (--_references == 0)
            pool.Return(this);
    }
}

/// <summary>Octets of a chunk. Who keeps one has a reference to the chunk (<see cref="Chunk.Retain"/>).</summary>
internal readonly record struct ChunkPiece(Chunk Chunk, int Start, int Length)
{
    public int End => Start + Length;

    public ReadOnlySpan<byte> Octets => Chunk.Octets.Slice(Start, Length);

    public ReadOnlyMemory<byte> Memory => Chunk.Memory.Slice(Start, Length);

    /// <summary>Without its first octets.</summary>
    public ChunkPiece Skip(int lengthOctets) => new(Chunk, Start + lengthOctets, Length - lengthOctets);

    /// <summary>Only its first octets.</summary>
    public ChunkPiece Take(int lengthOctets) => new(Chunk, Start, lengthOctets);
}
