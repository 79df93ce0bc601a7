using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Pyco.Stack.Wire;

/// <summary>
/// One packet in a pooled buffer: a window of octets with room before it for the headers of lower layers. Whoever holds
/// a frame owns it and must either pass it on or dispose it; a method that takes a frame takes that duty with it.
/// </summary>
/// <remarks>
/// Between stacks of one process a frame may carry payload by reference: octets of somebody's memory, attached behind the
/// window (<see cref="HasAttachment"/>). The window then has the headers at least, and <see cref="Head"/> is what reads
/// them; <see cref="Length"/> counts all. Who needs the payload's octets uses <see cref="CopyTo(int, Span{byte})"/>, which
/// does for every frame; <see cref="Octets"/> refuses, so that no part can be taken for the whole.
/// </remarks>
public sealed class Frame : IDisposable
{
    /// <summary>The largest IP packet's payload touches five chunks at most.</summary>
    private const int MaxPieces = 6;

    private readonly FramePool _pool;
    private readonly byte[] _slab;
    private readonly int _slabOffset;
    private int _start;
    private int _length;
    private bool _rented;
    private ChunkPieces _pieces;
    private int _pieceCount;

    internal Frame(FramePool pool, byte[] slab, int slabOffset, int capacity)
    {
        _pool = pool;
        _slab = slab;
        _slabOffset = slabOffset;
        Capacity = capacity;
    }

    /// <summary>All octets that the buffer can hold, headroom included.</summary>
    public int Capacity { get; }

    /// <summary>Octets of the packet, attached ones included.</summary>
    public int Length => _length + AttachedOctets;

    /// <summary>Octets of payload that the frame carries by reference.</summary>
    public int AttachedOctets { get; private set; }

    /// <summary>The packet has octets that are not in <see cref="Head"/>.</summary>
    public bool HasAttachment => AttachedOctets > 0;

    /// <summary>
    /// Octets of TCP payload of each segment on a wire, if the frame is a super-segment: one TCP header for many segments,
    /// which travels whole inside a process. Else zero.
    /// </summary>
    public int SegmentSize { get; set; }

    /// <summary>
    /// The transport's checksum was not computed, because the sending stack's link trusts the memory of this process
    /// (<see cref="Link.ILink.ChecksumTrusted"/>); or it was verified when the frame was joined. Nobody may verify it.
    /// </summary>
    public bool LacksChecksum { get; set; }

    /// <summary>Octets that <see cref="Prepend"/> can still give.</summary>
    public int Headroom => _start;

    /// <summary>The whole packet, of a frame without an attachment.</summary>
    /// <exception cref="InvalidOperationException">A part of it is attached: see <see cref="Head"/> and CopyTo.</exception>
    public Span<byte> Octets
    {
        get
        {
            if (_pieceCount != 0)
                throw new InvalidOperationException("the frame has an attachment");
            return Head;
        }
    }

    /// <summary>The frame's own octets: all headers at least, and the whole packet if nothing is attached.</summary>
    public Span<byte> Head
    {
        get
        {
            Debug.Assert(_rented);
            return _slab.AsSpan(_slabOffset + _start, _length);
        }
    }

    /// <summary>The free octets after the window; <see cref="Append"/> takes them into it.</summary>
    public Span<byte> Tailroom => _slab.AsSpan(_slabOffset + _start + _length, Capacity - _start - _length);

    /// <summary>The attached octets in order.</summary>
    internal ReadOnlySpan<ChunkPiece> Attachment => ((ReadOnlySpan<ChunkPiece>)_pieces)[.._pieceCount];

    /// <summary>Widens the window at its front and returns the new octets, whose content is undefined.</summary>
    public Span<byte> Prepend(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, _start);
        _start -= lengthOctets;
        _length += lengthOctets;
        return _slab.AsSpan(_slabOffset + _start, lengthOctets);
    }

    /// <summary>Widens the window at its end and returns the new octets, whose content is undefined.</summary>
    public Span<byte> Append(int lengthOctets)
    {
        Debug.Assert(_pieceCount == 0, "what is attached is the end");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, Capacity - _start - _length);
        Span<byte> added = _slab.AsSpan(_slabOffset + _start + _length, lengthOctets);
        _length += lengthOctets;
        return added;
    }

    /// <summary>Drops octets at the front, such as a header that has been read.</summary>
    public void TrimStart(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, _length);
        _start += lengthOctets;
        _length -= lengthOctets;
    }

    /// <summary>Shortens the packet to its first octets, for instance to cut Ethernet padding.</summary>
    public void Truncate(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, Length);
        while (_pieceCount > 0 && lengthOctets < Length)
        {
            ChunkPiece last = _pieces[--_pieceCount];
            AttachedOctets -= last.Length;
            int kept = lengthOctets - Length;
            if (kept > 0)
                Attach(last.Take(kept));
            last.Chunk.Release();
        }
        if (_pieceCount == 0)
            _length = lengthOctets;
    }

    /// <summary>Copies octets of the packet out, be they the frame's own or attached.</summary>
    /// <param name="start">The first octet.</param>
    /// <param name="destination">Is filled.</param>
    public void CopyTo(int start, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, Length - start);
        if (start < _length)
        {
            int own = Math.Min(_length - start, destination.Length);
            Head.Slice(start, own).CopyTo(destination);
            destination = destination[own..];
            start += own;
        }
        int offset = start - _length;
        for (int index = 0; destination.Length > 0; index++)
        {
            ReadOnlySpan<byte> octets = _pieces[index].Octets;
            if (offset < octets.Length)
            {
                int count = Math.Min(octets.Length - offset, destination.Length);
                octets.Slice(offset, count).CopyTo(destination);
                destination = destination[count..];
                offset += count;
            }
            offset -= octets.Length;
        }
    }

    /// <summary>Appends the whole of another packet, be it the frame's own or attached, and what is to be known of it.</summary>
    public void AppendCopyOf(Frame other)
    {
        ArgumentNullException.ThrowIfNull(other);
        other.CopyTo(0, Append(other.Length));
        SegmentSize = other.SegmentSize;
        LacksChecksum = other.LacksChecksum;
    }

    /// <summary>Gives the buffer back to its pool. A second call on the same rental is a bug and throws.</summary>
    public void Dispose()
    {
        if (!_rented)
            throw new InvalidOperationException("frame disposed twice");
        _rented = false;
        for (int index = 0; index < _pieceCount; index++)
            _pieces[index].Chunk.Release();
        _pieceCount = 0;
        _pool.Return(this);
    }

    /// <summary>Puts octets at the packet's end by reference; the frame has its own reference to them until it is disposed.</summary>
    internal void Attach(ChunkPiece piece)
    {
        Debug.Assert(piece.Length > 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(_pieceCount, MaxPieces);
        piece.Chunk.Retain();
        _pieces[_pieceCount++] = piece;
        AttachedOctets += piece.Length;
    }

    internal void Rented(int headroom)
    {
        _rented = true;
        _start = headroom;
        _length = 0;
        AttachedOctets = 0;
        SegmentSize = 0;
        LacksChecksum = false;
    }

    /// <summary>In the frame itself, so that a frame that has never carried an attachment needs nothing for its first.</summary>
    [InlineArray(MaxPieces)]
    private struct ChunkPieces
    {
        private ChunkPiece _first;
    }
}
