namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// The memory of all <see cref="StreamBuffer"/>s of a stack: pinned pieces of one size, so that system calls may use
/// them in place and a steady flow allocates nothing. Not thread-safe: one loop owns a pool.
/// </summary>
internal sealed class ChunkPool
{
    public const int ChunkSize = 16 * 1024;

    /// <summary>Free chunks beyond 8 MB go back to the runtime: a past burst is not held for ever.</summary>
    private const int MaxFree = 512;

    private readonly Stack<byte[]> _free = new();

    /// <summary>Chunks rented and not yet returned. Zero when all buffers are empty, or something leaks.</summary>
    public int Outstanding { get; private set; }

    public byte[] Rent()
    {
        Outstanding++;
        return _free.TryPop(out byte[]? chunk) ? chunk : GC.AllocateUninitializedArray<byte>(ChunkSize, pinned: true);
    }

    public void Return(byte[] chunk)
    {
        Outstanding--;
        if (_free.Count < MaxFree)
            _free.Push(chunk);
    }
}
