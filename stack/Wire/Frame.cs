using System.Diagnostics;

namespace Pyco.Stack.Wire;

/// <summary>
/// One packet in a pooled buffer: a window of octets with room before it for the headers of lower layers. Whoever holds
/// a frame owns it and must either pass it on or dispose it; a method that takes a frame takes that duty with it.
/// </summary>
public sealed class Frame : IDisposable
{
    private readonly FramePool _pool;
    private readonly byte[] _slab;
    private readonly int _slabOffset;
    private int _start;
    private int _length;
    private bool _rented;

    internal Frame(FramePool pool, byte[] slab, int slabOffset, int capacity)
    {
        _pool = pool;
        _slab = slab;
        _slabOffset = slabOffset;
        Capacity = capacity;
    }

    /// <summary>All octets that the buffer can hold, headroom included.</summary>
    public int Capacity { get; }

    public int Length => _length;

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

    public Span<byte> Octets
    {
        get
        {
            Debug.Assert(_rented);
            return _slab.AsSpan(_slabOffset + _start, _length);
        }
    }

    /// <summary>The free octets after the window; <see cref="Append"/> takes them into it.</summary>
    public Span<byte> Tailroom => _slab.AsSpan(_slabOffset + _start + _length, Capacity - _start - _length);

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

    /// <summary>Shortens the window to its first octets, for instance to cut Ethernet padding.</summary>
    public void Truncate(int lengthOctets)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthOctets, _length);
        _length = lengthOctets;
    }

    /// <summary>Gives the buffer back to its pool. A second call on the same rental is a bug and throws.</summary>
    public void Dispose()
    {
        if (!_rented)
            throw new InvalidOperationException("frame disposed twice");
        _rented = false;
        _pool.Return(this);
    }

    internal void Rented(int headroom)
    {
        _rented = true;
        _start = headroom;
        _length = 0;
        SegmentSize = 0;
        LacksChecksum = false;
    }
}
