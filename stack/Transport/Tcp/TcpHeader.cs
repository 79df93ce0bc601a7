using System.Buffers.Binary;
using System.Diagnostics;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// A borrowed look at a TCP segment: header, options and payload (RFC 9293 §3.1). A ref struct cannot outlive its
/// frame. The checksum is not looked at here: it needs the addresses.
/// </summary>
internal readonly ref struct TcpHeader
{
    /// <summary>A header without options.</summary>
    public const int MinLength = 20;

    /// <summary>What the four bits of the data offset can express.</summary>
    public const int MaxLength = 60;

    /// <summary>Where the control bits stand.</summary>
    public const int FlagsOffset = 13;

    public const int ChecksumOffset = 16;

    public const int UrgentPointerOffset = 18;

    private readonly ReadOnlySpan<byte> _octets;

    private TcpHeader(ReadOnlySpan<byte> octets) => _octets = octets;

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_octets);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_octets[2..]);

    public SequenceNumber Seq => new(BinaryPrimitives.ReadUInt32BigEndian(_octets[4..]));

    public SequenceNumber Ack => new(BinaryPrimitives.ReadUInt32BigEndian(_octets[8..]));

    /// <summary>Octets of header and options.</summary>
    public int Length => (_octets[12] >> 4) * 4;

    public TcpFlags Flags => (TcpFlags)_octets[FlagsOffset];

    /// <summary>As on the wire, not scaled.</summary>
    public ushort Window => BinaryPrimitives.ReadUInt16BigEndian(_octets[14..]);

    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_octets[ChecksumOffset..]);

    public ushort UrgentPointer => BinaryPrimitives.ReadUInt16BigEndian(_octets[UrgentPointerOffset..]);

    public ReadOnlySpan<byte> Options => _octets[MinLength..Length];

    public ReadOnlySpan<byte> Payload => _octets[Length..];

    /// <summary>The only way in: once it succeeds, no property can fail.</summary>
    public static bool TryParse(ReadOnlySpan<byte> octets, out TcpHeader header)
    {
        header = new(octets);
        return octets.Length >= MinLength && header.Length >= MinLength && header.Length <= octets.Length;
    }

    /// <summary>
    /// Writes the fixed 20 octets with a checksum of zero. The options must be in place already or follow;
    /// <paramref name="headerLength"/> counts them and is a multiple of 4.
    /// </summary>
    public static void Write(
        Span<byte> destination,
        ushort sourcePort,
        ushort destinationPort,
        SequenceNumber seq,
        SequenceNumber ack,
        int headerLength,
        TcpFlags flags,
        ushort window,
        ushort urgentPointer = 0)
    {
        Debug.Assert(headerLength is >= MinLength and <= MaxLength);
        Debug.Assert(headerLength % 4 == 0);
        BinaryPrimitives.WriteUInt16BigEndian(destination, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], seq.Value);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], ack.Value);
        destination[12] = (byte)(headerLength / 4 << 4);
        destination[FlagsOffset] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(destination[14..], window);
        BinaryPrimitives.WriteUInt16BigEndian(destination[ChecksumOffset..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(destination[UrgentPointerOffset..], urgentPointer);
    }
}
