using System.Buffers.Binary;

namespace Pyco.Stack.Wire;

/// <summary>A borrowed look at an IPv4 header (RFC 791 §3.1).</summary>
internal readonly ref struct IPv4Header
{
    /// <summary>Without options.</summary>
    public const int MinLength = 20;

    public const int LengthWithRouterAlert = MinLength + 4;

    public const int MaxPacketLength = 65535;

    public const ushort DontFragmentFlag = 0x4000;
    public const ushort MoreFragmentsFlag = 0x2000;

    /// <summary>Fragment offsets count units of 8 octets (RFC 791 §3.1).</summary>
    public const int FragmentUnit = 8;

    private const ushort OffsetMask = 0x1fff;

    /// <summary>"Router shall examine packet" (RFC 2113 §2.1).</summary>
    private const uint RouterAlert = 0x94040000;

    private readonly ReadOnlySpan<byte> _octets;

    private IPv4Header(ReadOnlySpan<byte> octets) => _octets = octets;

    /// <summary>Of the header, options included.</summary>
    public int HeaderLength => (_octets[0] & 0xf) * 4;

    public byte TypeOfService => _octets[1];

    /// <summary>Of the whole packet; what follows it in the frame is padding.</summary>
    public int TotalLength => BinaryPrimitives.ReadUInt16BigEndian(_octets[2..]);

    public ushort Identification => BinaryPrimitives.ReadUInt16BigEndian(_octets[4..]);

    public bool DontFragment => (FlagsAndOffset & DontFragmentFlag) != 0;

    public bool MoreFragments => (FlagsAndOffset & MoreFragmentsFlag) != 0;

    public int FragmentOffsetOctets => (FlagsAndOffset & OffsetMask) * FragmentUnit;

    public bool IsFragment => (FlagsAndOffset & (OffsetMask | MoreFragmentsFlag)) != 0;

    public byte TimeToLive => _octets[8];

    public byte Protocol => _octets[9];

    public IpAddress Source => IpAddress.Read(_octets[12..16]);

    public IpAddress Destination => IpAddress.Read(_octets[16..20]);

    public ReadOnlySpan<byte> Options => _octets[MinLength..HeaderLength];

    public bool IsChecksumValid => Checksum.IsValid(Checksum.Add(_octets[..HeaderLength]));

    private ushort FlagsAndOffset => BinaryPrimitives.ReadUInt16BigEndian(_octets[6..]);

    /// <summary>Accepts a header that is all there and whose packet fits into the octets. The checksum is not checked.</summary>
    public static bool TryParse(ReadOnlySpan<byte> octets, out IPv4Header header) => TryParse(octets, 0, out header);

    /// <summary>The same for a packet of which a part is elsewhere (<see cref="Frame.AttachedOctets"/>).</summary>
    public static bool TryParse(ReadOnlySpan<byte> octets, int attachedOctets, out IPv4Header header) =>
        TryParseQuoted(octets, out header) && header.TotalLength <= octets.Length + attachedOctets;

    /// <summary>Accepts the beginning of a packet, as an ICMP error quotes it: the header must be all there.</summary>
    public static bool TryParseQuoted(ReadOnlySpan<byte> octets, out IPv4Header header)
    {
        header = new IPv4Header(octets);
        return octets.Length >= MinLength && octets[0] >> 4 == 4 &&
            header.HeaderLength >= MinLength && header.HeaderLength <= octets.Length &&
            header.TotalLength >= header.HeaderLength;
    }

    /// <summary>Writes a header, checksum included.</summary>
    public static void Write(Span<byte> octets, in IPv4Fields fields)
    {
        int length = fields.HeaderLength;
        octets[0] = (byte)(0x40 | (length / 4));
        octets[1] = fields.TypeOfService;
        BinaryPrimitives.WriteUInt16BigEndian(octets[2..], (ushort)fields.TotalLength);
        BinaryPrimitives.WriteUInt16BigEndian(octets[4..], fields.Identification);
        BinaryPrimitives.WriteUInt16BigEndian(octets[6..], fields.FlagsAndOffset);
        octets[8] = fields.TimeToLive;
        octets[9] = fields.Protocol;
        BinaryPrimitives.WriteUInt16BigEndian(octets[10..], 0);
        fields.Source.WriteV4(octets[12..]);
        fields.Destination.WriteV4(octets[16..]);
        if (fields.HasRouterAlert)
            BinaryPrimitives.WriteUInt32BigEndian(octets[MinLength..], RouterAlert);
        BinaryPrimitives.WriteUInt16BigEndian(octets[10..], Checksum.Finish(Checksum.Add(octets[..length])));
    }
}

/// <summary>What <see cref="IPv4Header.Write"/> puts into a header.</summary>
internal readonly record struct IPv4Fields(IpAddress Source, IpAddress Destination, byte Protocol, int TotalLength)
{
    public byte TimeToLive { get; init; }

    public byte TypeOfService { get; init; }

    public ushort Identification { get; init; }

    public ushort FlagsAndOffset { get; init; }

    /// <summary>An option asks the routers on the way to look at the packet (RFC 2113).</summary>
    public bool HasRouterAlert { get; init; }

    public int HeaderLength => HasRouterAlert ? IPv4Header.LengthWithRouterAlert : IPv4Header.MinLength;
}
