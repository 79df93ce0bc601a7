using System.Buffers.Binary;

namespace Pyco.Stack.Wire;

/// <summary>A borrowed look at an Ethernet II header (RFC 894), without FCS.</summary>
internal readonly ref struct EthernetHeader
{
    public const int Length = 14;

    private readonly ReadOnlySpan<byte> _octets;

    private EthernetHeader(ReadOnlySpan<byte> octets) => _octets = octets;

    public MacAddress Destination => new(_octets[..6]);

    public MacAddress Source => new(_octets[6..12]);

    public ushort Type => BinaryPrimitives.ReadUInt16BigEndian(_octets[12..]);

    /// <summary>The only way in: once it succeeds, no property can fail.</summary>
    public static bool TryParse(ReadOnlySpan<byte> octets, out EthernetHeader header)
    {
        header = new EthernetHeader(octets);
        return octets.Length >= Length;
    }

    public static void Write(Span<byte> octets, MacAddress destination, MacAddress source, ushort type)
    {
        destination.CopyTo(octets);
        source.CopyTo(octets[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(octets[12..], type);
    }
}

/// <summary>The EtherTypes that this stack knows by name (IANA "IEEE 802 Numbers").</summary>
internal static class EtherType
{
    public const ushort IPv4 = 0x0800;
    public const ushort Arp = 0x0806;
    public const ushort VlanTag = 0x8100;
    public const ushort IPv6 = 0x86dd;
    public const ushort ServiceVlanTag = 0x88a8;
}
