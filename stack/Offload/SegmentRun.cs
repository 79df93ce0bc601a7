using System.Buffers.Binary;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Offload;

/// <summary>Segments of one connection that follow on each other, while they are being joined.</summary>
internal struct SegmentRun
{
    /// <summary>The last segment of a run may have these, as in Linux's tcp_gro_receive.</summary>
    private const TcpFlags LastMayHave = TcpFlags.Psh | TcpFlags.Fin;

    private readonly bool _hasNoIdentification;
    private SegmentPlace _place;
    private readonly int _segmentSize;
    private int _segments;

    /// <param name="first">The first segment, of which <see cref="MayBegin"/> is true.</param>
    /// <param name="place">Where it stands in the frame.</param>
    /// <param name="position">See <see cref="Position"/>.</param>
    public SegmentRun(Frame first, in SegmentPlace place, int position)
    {
        Frame = first;
        Position = position;
        _place = place;
        _segmentSize = place.PayloadLength;
        _segments = 1;
        _hasNoIdentification = place.HasNoIdentification(first.Octets);
    }

    /// <summary>The first segment's frame, or the larger one with all of them.</summary>
    public Frame Frame { get; private set; }

    /// <summary>The run's place among the frames of the batch.</summary>
    public int Position { get; }

    /// <summary>Data with an acknowledgement and nothing that would end the run at once.</summary>
    public static bool MayBegin(Frame frame, in SegmentPlace place)
    {
        TcpFlags flags = place.Flags(frame.Octets) & ~(TcpFlags.Cwr | TcpFlags.Ece);
        return flags == TcpFlags.Ack && place.PayloadLength > 0 && frame.SegmentSize == 0 && !IsPadded(frame, place);
    }

    /// <summary>The addresses and ports are those of the run, and so is the layout of the headers before them.</summary>
    public readonly bool IsOfSameConnection(ReadOnlySpan<byte> octets, in SegmentPlace place)
    {
        if (place.Packet.Transport != _place.Packet.Transport || place.Packet.Internet != _place.Packet.Internet)
            return false;
        // Addresses, options of IP if there are any, and ports stand side by side.
        Range key = (place.Packet.Internet + 12)..(place.Packet.Transport + 4);
        return octets[key].SequenceEqual(Frame.Octets[key]);
    }

    /// <summary>Lends a segment of the same connection, and copies its data if it continues the run.</summary>
    /// <param name="next">The segment.</param>
    /// <param name="place">Where it stands in the frame.</param>
    /// <param name="largeFrames">Where to get a frame for more than one segment.</param>
    /// <param name="isOver">The segment was the run's last.</param>
    /// <returns>False if it does not continue the run.</returns>
    public bool TryAppend(Frame next, in SegmentPlace place, FramePool largeFrames, out bool isOver)
    {
        isOver = false;
        bool hasRoom = FramePool.DefaultHeadroom + Frame.Length + place.PayloadLength <= largeFrames.FrameCapacity;
        if (!hasRoom || !Continues(next, place) || !IsVerified(next, place))
            return false;
        if (_segments == 1)
        {
            if (!IsVerified(Frame, _place))
                return false;
            Enlarge(largeFrames);
        }
        next.Octets[place.Payload..place.Packet.End].CopyTo(Frame.Append(place.PayloadLength));
        _place = _place with { Packet = _place.Packet with { End = Frame.Length } };
        _segments++;
        TcpFlags last = place.Flags(next.Octets) & LastMayHave;
        Frame.Octets[_place.Packet.Transport + TcpHeader.FlagsOffset] |= (byte)last;
        isOver = last != TcpFlags.None || place.PayloadLength < _segmentSize;
        return true;
    }

    /// <summary>Makes the headers say what the frame has become.</summary>
    public readonly void Finish()
    {
        if (_segments == 1)
            return;
        Span<byte> octets = Frame.Octets;
        _place.Packet.RewriteInternet(octets, octets.Length - _place.Packet.Internet, _place.Identification(octets));
        BinaryPrimitives.WriteUInt16BigEndian(octets[(_place.Packet.Transport + TcpHeader.ChecksumOffset)..], 0);
        Frame.LacksChecksum = true; // each segment's own was verified
        Frame.SegmentSize = _segmentSize;
    }

    private static bool IsPadded(Frame frame, in SegmentPlace place) => frame.Length != place.Packet.End;

    private static bool IsVerified(Frame frame, in SegmentPlace place) =>
        frame.LacksChecksum || Checksum.IsValid(place.Packet.SumOf(frame));

    private readonly bool Continues(Frame next, in SegmentPlace place)
    {
        ReadOnlySpan<byte> octets = next.Octets;
        ReadOnlySpan<byte> ours = Frame.Octets;
        ushort step = _hasNoIdentification ? (ushort)0 : (ushort)_segments;
        TcpFlags flags = place.Flags(octets) & ~LastMayHave;
        TcpFlags wanted = _place.Flags(ours) & ~(LastMayHave | TcpFlags.Cwr);
        return place.Payload == _place.Payload && next.SegmentSize == 0 && !IsPadded(next, place) &&
            place.PayloadLength > 0 && place.PayloadLength <= _segmentSize &&
            place.Seq(octets) == _place.Seq(ours) + _place.PayloadLength &&
            flags == wanted &&
            place.Identification(octets) == (ushort)(_place.Identification(ours) + step) &&
            Frame.Length - _place.Packet.Internet + place.PayloadLength <= IPv4Header.MaxPacketLength &&
            AreHeadersEqual(octets, ours);
    }

    /// <summary>Apart from what <see cref="Continues"/> looks at, and from lengths and checksums.</summary>
    private readonly bool AreHeadersEqual(ReadOnlySpan<byte> octets, ReadOnlySpan<byte> ours)
    {
        int internet = _place.Packet.Internet;
        int transport = _place.Packet.Transport;
        return IsSame(octets, ours, 0, internet + 2) && // Ethernet, type of service
            IsSame(octets, ours, internet + 6, internet + 10) && // DF, time to live
            IsSame(octets, ours, transport + 8, transport + TcpHeader.FlagsOffset) && // ACK, data offset
            IsSame(octets, ours, transport + 14, transport + TcpHeader.ChecksumOffset) && // window
            IsSame(octets, ours, transport + TcpHeader.UrgentPointerOffset, _place.Payload); // urgent pointer, options
    }

    private static bool IsSame(ReadOnlySpan<byte> octets, ReadOnlySpan<byte> ours, int start, int end) =>
        octets[start..end].SequenceEqual(ours[start..end]);

    private void Enlarge(FramePool largeFrames)
    {
        Frame larger = largeFrames.Rent();
        Frame.Octets.CopyTo(larger.Append(Frame.Length));
        Frame.Dispose();
        Frame = larger;
    }
}
