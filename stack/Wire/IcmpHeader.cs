using System.Buffers.Binary;

namespace Pyco.Stack.Wire;

/// <summary>A borrowed look at an ICMP message (RFC 792).</summary>
internal readonly ref struct IcmpHeader
{
    public const int Length = 8;

    private const int IdentifierAt = 4;

    private readonly ReadOnlySpan<byte> _octets;

    private IcmpHeader(ReadOnlySpan<byte> octets) => _octets = octets;

    public byte Type => _octets[0];

    public byte Code => _octets[1];

    /// <summary>Which of the sender's questions an echo message belongs to.</summary>
    public ushort Identifier => BinaryPrimitives.ReadUInt16BigEndian(_octets[IdentifierAt..]);

    /// <summary>The next hop's MTU in a "fragmentation needed" message (RFC 1191 §4); zero from old routers.</summary>
    public int NextHopMtu => BinaryPrimitives.ReadUInt16BigEndian(_octets[6..]);

    /// <summary>What follows the header: of an error, the beginning of the packet that it is about.</summary>
    public ReadOnlySpan<byte> Payload => _octets[Length..];

    public bool IsChecksumValid => Checksum.IsValid(Checksum.Add(_octets));

    public static bool TryParse(ReadOnlySpan<byte> octets, out IcmpHeader header)
    {
        header = new IcmpHeader(octets);
        return octets.Length >= Length;
    }

    /// <summary>Writes an echo message's <see cref="Identifier"/>.</summary>
    public static void WriteIdentifier(Span<byte> message, ushort identifier) =>
        BinaryPrimitives.WriteUInt16BigEndian(message[IdentifierAt..], identifier);

    /// <summary>Writes type, code and checksum of a message whose other octets are in place.</summary>
    public static void Write(Span<byte> message, byte type, byte code)
    {
        message[0] = type;
        message[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], Checksum.Finish(Checksum.Add(message)));
    }
}

/// <summary>ICMP message types (IANA "ICMP Parameters").</summary>
internal static class IcmpType
{
    public const byte EchoReply = 0;
    public const byte DestinationUnreachable = 3;
    public const byte EchoRequest = 8;
    public const byte TimeExceeded = 11;
    public const byte ParameterProblem = 12;
}

/// <summary>Codes of the messages that this stack sends or treats by name.</summary>
internal static class IcmpCode
{
    public const byte HostUnreachable = 1;
    public const byte ProtocolUnreachable = 2;
    public const byte PortUnreachable = 3;
    public const byte FragmentationNeeded = 4;
    public const byte ReassemblyTimeExceeded = 1;
}
