using System.Diagnostics;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// Which octets beyond Rcv.Nxt have arrived, and what to tell the peer about them (SACK, RFC 2018 §4; D-SACK,
/// RFC 2883). The octets themselves stand in the receive buffer.
/// </summary>
internal sealed class Reassembly
{
    /// <summary>Bounds memory and time against a peer that sends every second octet.</summary>
    public const int MaxRanges = 256;

    // In the order of the sequence space, apart from each other.
    private Range[] _ranges = [];
    private int _count;
    private long _arrivals;
    private SackBlock? _duplicate;

    /// <summary>True if nothing waits beyond Rcv.Nxt.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>True if the next ACK has a duplicate to report.</summary>
    public bool HasDuplicate => _duplicate is not null;

    /// <summary>Notes octets that arrived beyond Rcv.Nxt.</summary>
    /// <returns>False if too many ranges wait already: the octets must be dropped.</returns>
    public bool Add(SequenceNumber start, SequenceNumber end)
    {
        Debug.Assert(end - start > 0);
        int first = 0; // the first range that ends at or after the start
        while (first < _count && _ranges[first].End - start < 0)
            first++;
        int next = first; // the first range that begins after the end
        for (; next < _count && _ranges[next].Start - end <= 0; next++)
        {
            // RFC 2883 §4: report the first stretch of this segment that was here already.
            SequenceNumber overlapStart = SequenceNumber.Later(start, _ranges[next].Start);
            SequenceNumber overlapEnd = SequenceNumber.Earlier(end, _ranges[next].End);
            if (overlapEnd - overlapStart > 0)
                _duplicate ??= new(overlapStart, overlapEnd);
        }
        if (next == first)
            return Insert(first, new(start, end, ++_arrivals));
        _ranges[first] = new(
            SequenceNumber.Earlier(start, _ranges[first].Start),
            SequenceNumber.Later(end, _ranges[next - 1].End),
            ++_arrivals);
        Remove(first + 1, next - first - 1);
        return true;
    }

    /// <summary>Notes that octets came which Rcv.Nxt had passed already.</summary>
    public void ReportDuplicate(SequenceNumber start, SequenceNumber end) => _duplicate = new(start, end);

    /// <summary>Tells how far the data reaches in order, given that all before <paramref name="nxt"/> is there.</summary>
    /// <returns>The new Rcv.Nxt; what it passes is forgotten here.</returns>
    public SequenceNumber Advance(SequenceNumber nxt)
    {
        int passed = 0;
        while (passed < _count && _ranges[passed].Start - nxt <= 0)
            nxt = SequenceNumber.Later(nxt, _ranges[passed++].End);
        Remove(0, passed);
        return nxt;
    }

    /// <summary>
    /// Fills in what the next ACK should say: the duplicate first, once (RFC 2883 §4), then the ranges, the one that
    /// grew last at the front (RFC 2018 §4).
    /// </summary>
    /// <returns>How many blocks were written.</returns>
    public int TakeSackBlocks(Span<SackBlock> blocks)
    {
        int written = 0;
        if (_duplicate is { } duplicate && blocks.Length > 0)
        {
            blocks[written++] = duplicate;
            _duplicate = null;
        }
        long newerThan = long.MaxValue;
        while (written < blocks.Length)
        {
            int latest = -1;
            for (int index = 0; index < _count; index++)
            {
                if (_ranges[index].Arrival < newerThan && (latest < 0 || _ranges[index].Arrival > _ranges[latest].Arrival))
                    latest = index;
            }
            if (latest < 0)
                break;
            blocks[written++] = new(_ranges[latest].Start, _ranges[latest].End);
            newerThan = _ranges[latest].Arrival;
        }
        return written;
    }

    public void Clear()
    {
        _count = 0;
        _duplicate = null;
    }

    private bool Insert(int index, Range range)
    {
        if (_count == MaxRanges)
            return false;
        if (_count == _ranges.Length)
            Array.Resize(ref _ranges, Math.Max(8, 2 * _count));
        Array.Copy(_ranges, index, _ranges, index + 1, _count - index);
        _ranges[index] = range;
        _count++;
        return true;
    }

    private void Remove(int index, int count)
    {
        Array.Copy(_ranges, index + count, _ranges, index, _count - index - count);
        _count -= count;
    }

    /// <param name="Start">First octet.</param>
    /// <param name="End">One past the last octet.</param>
    /// <param name="Arrival">Grows with every segment: the range with the greatest got one last.</param>
    private readonly record struct Range(SequenceNumber Start, SequenceNumber End, long Arrival);
}
