using System.Buffers.Binary;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transit;

/// <summary>An ICMP echo request to somebody beyond us; the frame's window is the whole message. Dispose it.</summary>
/// <param name="Frame">The message.</param>
/// <param name="Source">Who asks.</param>
/// <param name="Destination">Who is asked.</param>
public readonly record struct TransitEcho(Frame Frame, IpAddress Source, IpAddress Destination) : IDisposable
{
    private const int IdentifierOffset = 4;

    /// <summary>What tells the sender's programs apart (RFC 792).</summary>
    public ushort Identifier => BinaryPrimitives.ReadUInt16BigEndian(Frame.Octets[IdentifierOffset..]);

    /// <summary>Puts an identifier into a message, whose checksum is wrong then.</summary>
    public static void WriteIdentifier(Span<byte> message, ushort identifier) =>
        BinaryPrimitives.WriteUInt16BigEndian(message[IdentifierOffset..], identifier);

    public void Dispose() => Frame.Dispose();
}
