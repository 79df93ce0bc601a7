using System.Buffers.Binary;

namespace Pyco.Stack.Wire;

/// <summary>A borrowed look at an IGMP message (RFC 2236 §2, RFC 3376 §4).</summary>
internal readonly ref struct IgmpMessage
{
    public const int MinLength = 8;

    /// <summary>Of a query of version 3, whose last octets other versions do not have.</summary>
    public const int Version3QueryLength = 12;

    private readonly ReadOnlySpan<byte> _octets;

    private IgmpMessage(ReadOnlySpan<byte> octets) => _octets = octets;

    public byte Type => _octets[0];

    /// <summary>The group that is asked for or reported; the unspecified address asks for all.</summary>
    public IpAddress Group => IpAddress.Read(_octets[4..8]);

    public bool IsChecksumValid => Checksum.IsValid(Checksum.Add(_octets));

    /// <summary>Queries of other lengths must be ignored (RFC 3376 §7.1).</summary>
    public bool HasLengthOfQuery => _octets.Length is MinLength or >= Version3QueryLength;

    /// <summary>A query's version, which its length tells and the field that version 1 does not use (RFC 3376 §7.1).</summary>
    public int QueryVersion => _octets.Length >= Version3QueryLength ? 3 : MaxResponseCode == 0 ? 1 : 2;

    /// <summary>How long a query may wait for its answer (RFC 3376 §4.1.1); of version 1 it is 10 s.</summary>
    public TimeSpan MaxResponseTime
    {
        get
        {
            const int version1Code = 100;
            int code = MaxResponseCode;
            int tenths = QueryVersion == 1 ? version1Code
                : QueryVersion == 2 || code < 128 ? code
                : ((code & 0xf) | 0x10) << (((code >> 4) & 7) + 3);
            return TimeSpan.FromMilliseconds(tenths * 100);
        }
    }

    private byte MaxResponseCode => _octets[1];

    public static bool TryParse(ReadOnlySpan<byte> octets, out IgmpMessage message)
    {
        message = new IgmpMessage(octets);
        return octets.Length >= MinLength;
    }

    /// <summary>Writes a message of version 1 or 2.</summary>
    public static void Write(Span<byte> octets, byte type, IpAddress group)
    {
        octets.Clear();
        octets[0] = type;
        group.WriteV4(octets[4..]);
        WriteChecksum(octets);
    }

    /// <summary>Writes the first octets of a report of version 3, whose records are in place, and the checksum.</summary>
    public static void WriteReport(Span<byte> octets, int records)
    {
        octets[..MinLength].Clear();
        octets[0] = IgmpType.Version3Report;
        BinaryPrimitives.WriteUInt16BigEndian(octets[6..], (ushort)records);
        WriteChecksum(octets);
    }

    private static void WriteChecksum(Span<byte> octets) =>
        BinaryPrimitives.WriteUInt16BigEndian(octets[2..], Checksum.Finish(Checksum.Add(octets)));
}

/// <summary>IGMP message types (IANA "Internet Group Management Protocol (IGMP) Type Numbers").</summary>
internal static class IgmpType
{
    public const byte Query = 0x11;
    public const byte Version1Report = 0x12;
    public const byte Version2Report = 0x16;
    public const byte Leave = 0x17;
    public const byte Version3Report = 0x22;
}

/// <summary>What a report of version 3 says about one group (RFC 3376 §4.2.12). A host without source filters needs these.</summary>
internal enum GroupRecordType : byte
{
    /// <summary>The answer to a query: from all sources but none.</summary>
    ModeIsExclude = 2,

    /// <summary>The host has left the group: it wants it from no source any more.</summary>
    ChangeToInclude = 3,

    /// <summary>The host has joined the group.</summary>
    ChangeToExclude = 4,
}

/// <summary>One record of a report of version 3, without sources.</summary>
internal readonly record struct GroupRecord(GroupRecordType Type, IpAddress Group)
{
    public const int Length = 8;

    public void Write(Span<byte> octets)
    {
        octets[..Length].Clear();
        octets[0] = (byte)Type;
        Group.WriteV4(octets[4..]);
    }
}
