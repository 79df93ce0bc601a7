using System.Buffers.Binary;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// Writes options one after the other; <see cref="Finish"/> pads them to a multiple of 4 octets. Call in the order of
/// Linux (MSS, SACK-permitted, timestamp, window scale; timestamp, SACK) and the padding is least.
/// </summary>
internal ref struct TcpOptionsWriter(Span<byte> destination)
{
    /// <summary>What a header can hold.</summary>
    public const int Capacity = TcpHeader.MaxLength - TcpHeader.MinLength;

    /// <summary>A timestamp option with its padding, as nearly every segment carries it.</summary>
    public const int TimestampLength = 12;

    /// <summary>Its first four octets: two times NOP, the kind, the length (RFC 7323 appendix A).</summary>
    public const uint TimestampPrefix = 0x0101080a;

    private readonly Span<byte> _destination = destination;

    /// <summary>Octets written so far.</summary>
    public int Length { get; private set; }

    /// <summary>How many SACK blocks still fit.</summary>
    public readonly int SackBlocksThatFit =>
        Math.Clamp((Math.Min(_destination.Length, Capacity) - Length - 4) / 8, 0, TcpOptions.MaxSackBlocks);

    public void MaxSegmentSize(ushort octets)
    {
        Span<byte> value = Add(TcpOptionKind.MaxSegmentSize, 2);
        BinaryPrimitives.WriteUInt16BigEndian(value, octets);
    }

    public void SackPermitted()
    {
        // No padding before it: a timestamp that follows ends on a boundary.
        _destination[Length] = (byte)TcpOptionKind.SackPermitted;
        _destination[Length + 1] = 2;
        Length += 2;
    }

    public void WindowScale(byte shift) => Add(TcpOptionKind.WindowScale, 1)[0] = shift;

    public void Timestamp(uint value, uint echo)
    {
        Span<byte> octets = Add(TcpOptionKind.Timestamp, 8);
        BinaryPrimitives.WriteUInt32BigEndian(octets, value);
        BinaryPrimitives.WriteUInt32BigEndian(octets[4..], echo);
    }

    /// <summary>Writes as many of the blocks as fit; none at all writes nothing.</summary>
    public void Sack(scoped ReadOnlySpan<SackBlock> blocks)
    {
        int count = Math.Min(blocks.Length, SackBlocksThatFit);
        if (count == 0)
            return;
        Span<byte> octets = Add(TcpOptionKind.Sack, 8 * count);
        for (int index = 0; index < count; index++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(octets[(8 * index)..], blocks[index].Start.Value);
            BinaryPrimitives.WriteUInt32BigEndian(octets[((8 * index) + 4)..], blocks[index].End.Value);
        }
    }

    /// <summary>Pads to a multiple of 4 and returns the length.</summary>
    public int Finish()
    {
        while (Length % 4 != 0)
            _destination[Length++] = (byte)TcpOptionKind.NoOperation;
        return Length;
    }

    /// <summary>Begins an option so that it ends on a multiple of 4, and returns the place of its value.</summary>
    private Span<byte> Add(TcpOptionKind kind, int valueLength)
    {
        while ((Length + 2 + valueLength) % 4 != 0)
            _destination[Length++] = (byte)TcpOptionKind.NoOperation;
        _destination[Length] = (byte)kind;
        _destination[Length + 1] = (byte)(2 + valueLength);
        Span<byte> value = _destination.Slice(Length + 2, valueLength);
        Length += 2 + valueLength;
        return value;
    }
}
