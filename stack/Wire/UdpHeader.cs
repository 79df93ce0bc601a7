using System.Buffers.Binary;

namespace Pyco.Stack.Wire;

/// <summary>A borrowed look at a UDP header (RFC 768).</summary>
internal readonly ref struct UdpHeader
{
    public const int Length = 8;

    private readonly ReadOnlySpan<byte> _octets;

    private UdpHeader(ReadOnlySpan<byte> octets) => _octets = octets;

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_octets);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_octets[2..]);

    /// <summary>Header and payload in octets.</summary>
    public int DatagramLength => BinaryPrimitives.ReadUInt16BigEndian(_octets[4..]);

    /// <summary>The sender computed none: the field is zero.</summary>
    public bool HasNoChecksum => BinaryPrimitives.ReadUInt16BigEndian(_octets[6..]) == 0;

    /// <summary>Accepts a header whose datagram fits into the octets; what follows it is ignored.</summary>
    public static bool TryParse(ReadOnlySpan<byte> octets, out UdpHeader header)
    {
        header = new UdpHeader(octets);
        return octets.Length >= Length && header.DatagramLength >= Length && header.DatagramLength <= octets.Length;
    }

    /// <summary>Writes the header in front of a payload that is in place; a null sum leaves the checksum out.</summary>
    public static void Write(Span<byte> datagram, ushort sourcePort, ushort destinationPort, uint? pseudoHeader)
    {
        WritePorts(datagram, sourcePort, destinationPort, datagram.Length);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], 0);
        if (pseudoHeader is not { } sum)
            return;
        ushort checksum = Checksum.Finish(Checksum.Add(sum, datagram));
        // Zero means "no checksum", so a computed zero travels as its other form (RFC 768).
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], checksum == 0 ? (ushort)0xffff : checksum);
    }

    /// <summary>Writes the header but for its checksum.</summary>
    public static void WritePorts(Span<byte> header, ushort sourcePort, ushort destinationPort, int datagramLength)
    {
        BinaryPrimitives.WriteUInt16BigEndian(header, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)datagramLength);
    }
}
