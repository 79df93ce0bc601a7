using System.Buffers.Binary;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Offload;

/// <summary>
/// Fills in the checksum that a stack left out (<see cref="Frame.LacksChecksum"/>), for a frame that leaves the process or
/// is shown to somebody: what a network card does under the name of checksum offload.
/// </summary>
public static class ChecksumCompletion
{
    private const int UdpChecksumOffset = 6;

    /// <summary>Lends the Ethernet frame, and completes it in place. One that lacks nothing stays as it is.</summary>
    public static void Complete(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (!frame.LacksChecksum)
            return;
        frame.LacksChecksum = false;
        if (!TransportPlace.TryFind(frame, out TransportPlace place))
            return;
        Span<byte> transport = place.TransportIn(frame);
        if (place.Protocol == IpProtocol.Tcp && TcpHeader.TryParse(transport, out _))
        {
            _ = Fill(frame, place, TcpHeader.ChecksumOffset);
        }
        else if (place.Protocol == IpProtocol.Udp && UdpHeader.TryParse(transport, out _))
        {
            // Zero means "no checksum", so a computed zero travels as its other form (RFC 768).
            if (Fill(frame, place, UdpChecksumOffset) == 0)
                BinaryPrimitives.WriteUInt16BigEndian(transport[UdpChecksumOffset..], 0xffff);
        }
    }

    private static ushort Fill(Frame frame, in TransportPlace place, int offset)
    {
        Span<byte> transport = place.TransportIn(frame);
        BinaryPrimitives.WriteUInt16BigEndian(transport[offset..], 0);
        ushort checksum = Checksum.Finish(place.SumOf(frame));
        BinaryPrimitives.WriteUInt16BigEndian(transport[offset..], checksum);
        return checksum;
    }
}
