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
        Span<byte> octets = frame.Octets;
        if (!TransportPlace.TryFind(octets, out TransportPlace place))
            return;
        Span<byte> transport = octets[place.Transport..place.End];
        uint pseudoHeader = place.PseudoHeaderSum(octets, transport.Length);
        if (place.Protocol == IpProtocol.Tcp && TcpHeader.TryParse(transport, out _))
        {
            _ = Fill(transport, TcpHeader.ChecksumOffset, pseudoHeader);
        }
        else if (place.Protocol == IpProtocol.Udp && UdpHeader.TryParse(transport, out _))
        {
            // Zero means "no checksum", so a computed zero travels as its other form (RFC 768).
            if (Fill(transport, UdpChecksumOffset, pseudoHeader) == 0)
                BinaryPrimitives.WriteUInt16BigEndian(transport[UdpChecksumOffset..], 0xffff);
        }
    }

    private static ushort Fill(Span<byte> transport, int offset, uint pseudoHeader)
    {
        BinaryPrimitives.WriteUInt16BigEndian(transport[offset..], 0);
        ushort checksum = Checksum.Finish(Checksum.Add(pseudoHeader, transport));
        BinaryPrimitives.WriteUInt16BigEndian(transport[offset..], checksum);
        return checksum;
    }
}
