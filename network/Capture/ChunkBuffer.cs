using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Pyco.Network.Capture;

/// <summary>
/// Octets between one who writes small pieces and one who takes many at once: chunks that are used again and again, and no
/// more of them than were allowed.
/// </summary>
/// <param name="chunkLength">Octets of a chunk; no piece may be longer.</param>
/// <param name="mostChunks">How many there may be. They are made when they are first needed.</param>
internal sealed class ChunkBuffer(int chunkLength, int mostChunks)
{
    private readonly Stack<byte[]> _free = new();
    private readonly Queue<ReadOnlyMemory<byte>> _full = new();
    private int _made;
    private byte[]? _filling;
    private int _filled;

    public bool IsEmpty => _filled == 0 && _full.Count == 0;

    /// <summary>Room for a piece, which is valid until the next call; false if there is none.</summary>
    public bool TryReserve(int octets, out Span<byte> room)
    {
        Debug.Assert(octets <= chunkLength);
        if (_filling is not null && chunkLength - _filled < octets)
            Seal(_filling);
        _filling ??= TakeFree();
        room = _filling is null ? default : _filling.AsSpan(_filled, octets);
        return _filling is not null;
    }

    /// <summary>Keeps the first octets of what was reserved.</summary>
    public void Commit(int octets) => _filled += octets;

    /// <summary>The oldest octets, which come back by <see cref="Return"/>; false if there are none.</summary>
    public bool TryTake(out ReadOnlyMemory<byte> chunk)
    {
        if (_full.Count == 0 && _filling is not null && _filled > 0)
            Seal(_filling);
        return _full.TryDequeue(out chunk);
    }

    /// <summary>Takes back what <see cref="TryTake"/> gave; anything else is passed over.</summary>
    public void Return(ReadOnlyMemory<byte> chunk)
    {
        if (MemoryMarshal.TryGetArray(chunk, out ArraySegment<byte> segment) && segment.Array!.Length == chunkLength)
            _free.Push(segment.Array);
    }

    private void Seal(byte[] chunk)
    {
        _full.Enqueue(chunk.AsMemory(0, _filled));
        _filling = null;
        _filled = 0;
    }

    private byte[]? TakeFree()
    {
        if (_free.TryPop(out byte[]? chunk))
            return chunk;
        if (_made >= mostChunks)
            return null;
        _made++;
        return GC.AllocateUninitializedArray<byte>(chunkLength);
    }
}
