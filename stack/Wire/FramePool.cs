namespace Pyco.Stack.Wire;

/// <summary>
/// Frames of one size, cut from pinned slabs, so that system calls may use them without pinning and a steady flow of
/// packets allocates nothing. Not thread-safe: one loop owns a pool.
/// </summary>
public sealed class FramePool
{
    /// <summary>Room for Ethernet with a VLAN tag (18), IPv6 (40) and TCP with options (60), rounded up.</summary>
    public const int DefaultHeadroom = 128;

    private const int DefaultFramesPerSlab = 32;

    private readonly int _framesPerSlab;
    private readonly Stack<Frame> _free = new();

    public FramePool(int frameCapacity = 2048, int framesPerSlab = DefaultFramesPerSlab) =>
        (FrameCapacity, _framesPerSlab) = (frameCapacity, framesPerSlab);

    public int FrameCapacity { get; }

    /// <summary>Frames rented and not yet disposed. Zero when all is quiet, or something leaks.</summary>
    public int Outstanding { get; private set; }

    public Frame Rent(int headroom = DefaultHeadroom)
    {
        if (!_free.TryPop(out Frame? frame))
        {
            Grow();
            frame = _free.Pop();
        }
        Outstanding++;
        frame.Rented(headroom);
        return frame;
    }

    internal void Return(Frame frame)
    {
        Outstanding--;
        _free.Push(frame);
    }

    private void Grow()
    {
        byte[] slab = GC.AllocateUninitializedArray<byte>(_framesPerSlab * FrameCapacity, pinned: true);
        for (int index = _framesPerSlab - 1; index >= 0; index--)
            _free.Push(new Frame(this, slab, index * FrameCapacity, FrameCapacity));
    }
}
