using System.Buffers.Binary;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Switching;

/// <summary>The tag of IEEE 802.1Q: four octets between the source address and the type.</summary>
internal static class VlanTag
{
    public const int Length = 4;

    /// <summary>VLAN identifiers are 12 bits; 4095 is reserved.</summary>
    public const int MaximumId = 4094;

    /// <summary>A tag with this identifier tells a frame's priority only (IEEE 802.1Q-2022 §9.6).</summary>
    public const int PriorityId = 0;

    private const int AddressesLength = 12;
    private const int IdMask = 0xfff;

    /// <summary>Takes the tag out of a frame and returns the VLAN; null if there is none that can be read.</summary>
    public static int? Remove(Frame frame)
    {
        Span<byte> octets = frame.Head;
        if (octets.Length < EthernetHeader.Length + Length)
            return null;
        int vlan = BinaryPrimitives.ReadUInt16BigEndian(octets[EthernetHeader.Length..]) & IdMask;
        octets[..AddressesLength].CopyTo(octets[Length..]);
        frame.TrimStart(Length);
        return vlan;
    }

    /// <summary>Puts a tag into a frame.</summary>
    public static void Insert(Frame frame, int vlan)
    {
        frame.Prepend(Length);
        Span<byte> octets = frame.Head;
        octets.Slice(Length, AddressesLength).CopyTo(octets);
        BinaryPrimitives.WriteUInt16BigEndian(octets[AddressesLength..], EtherType.VlanTag);
        BinaryPrimitives.WriteUInt16BigEndian(octets[EthernetHeader.Length..], (ushort)vlan);
    }
}
