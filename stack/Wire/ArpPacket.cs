using System.Buffers.Binary;

namespace Pyco.Stack.Wire;

/// <summary>A borrowed look at an ARP packet for IPv4 over Ethernet (RFC 826).</summary>
internal readonly ref struct ArpPacket
{
    public const int Length = 28;
    public const ushort Request = 1;
    public const ushort Reply = 2;

    private const ushort HardwareEthernet = 1;

    private readonly ReadOnlySpan<byte> _octets;

    private ArpPacket(ReadOnlySpan<byte> octets) => _octets = octets;

    public ushort Operation => BinaryPrimitives.ReadUInt16BigEndian(_octets[6..]);

    public MacAddress SenderMac => new(_octets[8..14]);

    public IpAddress SenderAddress => IpAddress.Read(_octets[14..18]);

    /// <summary>In a request it means nothing, and others leave it zero.</summary>
    public MacAddress TargetMac => new(_octets[18..24]);

    public IpAddress TargetAddress => IpAddress.Read(_octets[24..28]);

    /// <summary>Accepts only IPv4 over Ethernet, request or reply, from a single sender; padding may follow.</summary>
    public static bool TryParse(ReadOnlySpan<byte> octets, out ArpPacket packet)
    {
        packet = new ArpPacket(octets);
        return octets.Length >= Length &&
            BinaryPrimitives.ReadUInt16BigEndian(octets) == HardwareEthernet &&
            BinaryPrimitives.ReadUInt16BigEndian(octets[2..]) == EtherType.IPv4 &&
            octets[4] == MacAddress.Length && octets[5] == IpAddress.LengthV4 &&
            packet.Operation is Request or Reply && !packet.SenderMac.IsGroup;
    }

    /// <summary>Writes a packet; a request's target MAC is zero because it is what is asked for.</summary>
    public static void Write(
        Span<byte> octets,
        ushort operation,
        MacAddress senderMac,
        IpAddress sender,
        MacAddress targetMac,
        IpAddress target)
    {
        BinaryPrimitives.WriteUInt16BigEndian(octets, HardwareEthernet);
        BinaryPrimitives.WriteUInt16BigEndian(octets[2..], EtherType.IPv4);
        octets[4] = MacAddress.Length;
        octets[5] = IpAddress.LengthV4;
        BinaryPrimitives.WriteUInt16BigEndian(octets[6..], operation);
        senderMac.CopyTo(octets[8..]);
        sender.WriteV4(octets[14..]);
        targetMac.CopyTo(octets[18..]);
        target.WriteV4(octets[24..]);
    }
}
