using System.Buffers.Binary;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Offload;

/// <summary>Where the headers of an Ethernet frame with a whole IPv4 packet begin, in octets from the frame's start.</summary>
/// <param name="Internet">The IPv4 header.</param>
/// <param name="Transport">The transport's header.</param>
/// <param name="End">One past the packet: what follows is padding.</param>
/// <param name="Protocol">See <see cref="IpProtocol"/>.</param>
internal readonly record struct TransportPlace(int Internet, int Transport, int End, byte Protocol)
{
    private const int VlanTagLength = 4;

    /// <summary>False for what is no IPv4, and for fragments. Behind VLAN tags the packet is found too.</summary>
    public static bool TryFind(Frame whole, out TransportPlace place)
    {
        place = default;
        ReadOnlySpan<byte> frame = whole.Head;
        int typeAt = EthernetHeader.Length - sizeof(ushort);
        while (true)
        {
            if (frame.Length < typeAt + sizeof(ushort))
                return false;
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(frame[typeAt..]);
            if (type == EtherType.IPv4)
                break;
            if (type is not (EtherType.VlanTag or EtherType.ServiceVlanTag))
                return false;
            typeAt += VlanTagLength;
        }
        int internet = typeAt + sizeof(ushort);
        if (!IPv4Header.TryParse(frame[internet..], whole.AttachedOctets, out IPv4Header header) || header.IsFragment)
            return false;
        place = new(internet, internet + header.HeaderLength, internet + header.TotalLength, header.Protocol);
        return true;
    }

    /// <summary>The transport's header with what follows it in the frame's own octets.</summary>
    public Span<byte> TransportIn(Frame frame) => frame.Head[Transport..Math.Min(End, frame.Head.Length)];

    /// <summary>The checksum's sum over the pseudo-header and all of the transport's octets.</summary>
    public uint SumOf(Frame frame)
    {
        ReadOnlySpan<byte> head = frame.Head;
        IpAddress source = IpAddress.Read(head.Slice(Internet + 12, IpAddress.LengthV4));
        IpAddress destination = IpAddress.Read(head.Slice(Internet + 16, IpAddress.LengthV4));
        uint sum = Checksum.PseudoHeader(source, destination, Protocol, End - Transport);
        return frame.HasAttachment ? Checksum.Add(sum, frame, Transport) : Checksum.Add(sum, head[Transport..End]);
    }

    /// <summary>Gives the IPv4 header another total length and identification.</summary>
    public void RewriteInternet(Span<byte> frame, int totalLength, ushort identification)
    {
        Span<byte> header = frame[Internet..Transport];
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)totalLength);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], identification);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], Checksum.Finish(Checksum.Add(header)));
    }
}
