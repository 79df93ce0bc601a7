using System.Buffers.Binary;

namespace Pyco.Vde.Impairment;

/// <summary>Where the content of an Ethernet frame begins, behind its header and VLAN tags (IEEE 802.1Q).</summary>
internal static class EthernetContent
{
    private const int TypeOffset = 12;
    private const int TypeLength = 2;
    private const int TagLength = 4;
    private const ushort VlanTag = 0x8100;
    private const ushort ServiceVlanTag = 0x88a8;
    private const ushort IPv4 = 0x0800;
    private const ushort IPv6 = 0x86dd;

    /// <returns>The offset of the content; the frame's end, and type 0, if it is no whole header.</returns>
    public static int Offset(ReadOnlySpan<byte> frame, out ushort type)
    {
        for (int offset = TypeOffset; offset + TypeLength <= frame.Length; offset += TagLength)
        {
            type = BinaryPrimitives.ReadUInt16BigEndian(frame[offset..]);
            if (type is not (VlanTag or ServiceVlanTag))
                return offset + TypeLength;
        }
        type = 0;
        return frame.Length;
    }

    public static bool IsIp(ushort type) => type is IPv4 or IPv6;
}
