namespace Pyco.Stack.Wire;

/// <summary>
/// The memory of TCP's streams: pinned chunks of one size, so that system calls may use them in place and a steady flow
/// allocates nothing. Not thread-safe: one loop owns a pool, and all stacks whose frames may carry its chunks.
/// </summary>
internal sealed class ChunkPool
{
    /// <summary>Free chunks beyond 8 MB go back to the runtime: a past burst is not held for ever.</summary>
    private const int MaxFree = 8 * 1024 * 1024 / Chunk.Size;

    private readonly Stack<Chunk> _free = new();

    /// <summary>Chunks that somebody still refers to. Zero when all buffers are empty, or something leaks.</summary>
    public int Outstanding { get; private set; }

    /// <summary>A chunk with one reference, the caller's. What it holds is undefined.</summary>
    public Chunk Rent()
    {
        Outstanding++;
        Chunk chunk = _free.TryPop(out Chunk? free) ? free : new Chunk(this);
        chunk.Retain();
        return chunk;
    }

    internal void Return(Chunk chunk)
    {
        Outstanding--;
        if (_free.Count < MaxFree)
            _free.Push(chunk);
    }
}
