using System.Buffers.Binary;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Offload;

/// <summary>Where a TCP segment stands in an Ethernet frame.</summary>
/// <param name="Packet">The packet that it is in.</param>
/// <param name="Payload">Where its data begins, in octets from the frame's start.</param>
internal readonly record struct SegmentPlace(TransportPlace Packet, int Payload)
{
    public int PayloadLength => Packet.End - Payload;

    public static bool TryFind(Frame frame, out SegmentPlace place)
    {
        place = default;
        if (!TransportPlace.TryFind(frame, out TransportPlace packet) || packet.Protocol != IpProtocol.Tcp ||
            !TcpHeader.TryParse(packet.TransportIn(frame), out TcpHeader header))
            return false;
        place = new(packet, packet.Transport + header.Length);
        return true;
    }

    public TcpFlags Flags(ReadOnlySpan<byte> frame) => (TcpFlags)frame[Packet.Transport + TcpHeader.FlagsOffset];

    public SequenceNumber Seq(ReadOnlySpan<byte> frame) =>
        new(BinaryPrimitives.ReadUInt32BigEndian(frame[(Packet.Transport + 4)..]));

    public ushort Identification(ReadOnlySpan<byte> frame) =>
        BinaryPrimitives.ReadUInt16BigEndian(frame[(Packet.Internet + 4)..]);

    /// <summary>A packet that must not be fragmented needs no identification, and this one has none (RFC 6864 §4.1).</summary>
    public bool HasNoIdentification(ReadOnlySpan<byte> frame) => Identification(frame) == 0 &&
        (BinaryPrimitives.ReadUInt16BigEndian(frame[(Packet.Internet + 6)..]) & IPv4Header.DontFragmentFlag) != 0;
}
