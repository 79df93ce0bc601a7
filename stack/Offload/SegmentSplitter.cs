using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Offload;

/// <summary>
/// Makes frames for a wire of what a stack hands to its link: cuts a super-segment into its segments (TCP segmentation
/// offload) and completes checksums. It owns the frame that it is made with, until the last part was taken or it is
/// disposed.
/// </summary>
/// <remarks>
/// A packet that may be fragmented, or has an identification other than zero, gives its parts the following
/// identifications; one that has none gives none (RFC 6864 §4.1). <see cref="SegmentJoiner"/> takes both back.
/// </remarks>
public struct SegmentSplitter : IDisposable
{
    private Frame? _whole;
    private readonly bool _isSuperSegment;
    private readonly TransportPlace _place;
    private readonly int _headerEnd;
    private int _offset;

    /// <param name="frame">An Ethernet frame, which may be a super-segment or lack a checksum.</param>
    public SegmentSplitter(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        _whole = frame;
        if (frame.SegmentSize == 0 || !SegmentPlace.TryFind(frame, out SegmentPlace segment))
            return;
        _place = segment.Packet;
        _headerEnd = segment.Payload;
        _isSuperSegment = segment.PayloadLength > frame.SegmentSize;
    }

    /// <summary>Takes the next frame for the wire; the caller owns it.</summary>
    /// <param name="frames">Where frames for parts come from. They must hold a frame of the wire's MTU.</param>
    /// <param name="frame">
    /// A part, or the frame itself if it was none too large. All its octets are its own (<see cref="Frame.Octets"/>).
    /// </param>
    /// <returns>False if nothing is left.</returns>
    public bool TryTake(FramePool frames, [NotNullWhen(true)] out Frame? frame)
    {
        ArgumentNullException.ThrowIfNull(frames);
        frame = null;
        if (_whole is null)
            return false;
        if (!_isSuperSegment)
        {
            (frame, _whole) = (_whole, null);
            if (frame.HasAttachment)
                frame = CopyOf(frame, frames);
            frame.SegmentSize = 0;
            ChecksumCompletion.Complete(frame);
            return true;
        }
        frame = frames.Rent();
        CutInto(frame);
        if (_headerEnd + _offset >= _place.End)
            Dispose();
        return true;
    }

    /// <summary>Disposes the frame, if parts of it are left.</summary>
    public void Dispose()
    {
        _whole?.Dispose();
        _whole = null;
    }

    private static Frame CopyOf(Frame frame, FramePool frames)
    {
        Frame copy = frames.Rent();
        copy.AppendCopyOf(frame);
        frame.Dispose();
        return copy;
    }

    private void CutInto(Frame part)
    {
        ReadOnlySpan<byte> whole = _whole!.Head;
        int size = _whole.SegmentSize;
        int start = _headerEnd + _offset;
        int length = Math.Min(size, _place.End - start);
        whole[.._headerEnd].CopyTo(part.Append(_headerEnd));
        _whole.CopyTo(start, part.Append(length));

        Span<byte> octets = part.Octets;
        ushort identification = BinaryPrimitives.ReadUInt16BigEndian(whole[(_place.Internet + 4)..]);
        if (identification != 0 || !IsUnfragmentable(whole))
            identification += (ushort)(_offset / size);
        _place.RewriteInternet(octets, octets.Length - _place.Internet, identification);

        Span<byte> transport = octets[_place.Transport..];
        uint seq = BinaryPrimitives.ReadUInt32BigEndian(transport[4..]);
        BinaryPrimitives.WriteUInt32BigEndian(transport[4..], seq + (uint)_offset);
        if (_offset > 0)
            transport[TcpHeader.FlagsOffset] &= (byte)~TcpFlags.Cwr; // RFC 3168 §6.1.2: said once
        if ((transport[TcpHeader.FlagsOffset] & (byte)TcpFlags.Urg) != 0)
            MoveUrgentPointer(transport);
        if (start + length < _place.End)
            transport[TcpHeader.FlagsOffset] &= (byte)~(TcpFlags.Psh | TcpFlags.Fin);
        part.LacksChecksum = true;
        ChecksumCompletion.Complete(part);
        _offset += length;
    }

    /// <summary>It counts from the segment's own number; behind the urgent octets there is none.</summary>
    private readonly void MoveUrgentPointer(Span<byte> transport)
    {
        Span<byte> pointer = transport[TcpHeader.UrgentPointerOffset..];
        int left = BinaryPrimitives.ReadUInt16BigEndian(pointer) - _offset;
        BinaryPrimitives.WriteUInt16BigEndian(pointer, (ushort)Math.Max(0, left));
        if (left <= 0)
            transport[TcpHeader.FlagsOffset] &= (byte)~TcpFlags.Urg;
    }

    private readonly bool IsUnfragmentable(ReadOnlySpan<byte> whole) =>
        (BinaryPrimitives.ReadUInt16BigEndian(whole[(_place.Internet + 6)..]) & IPv4Header.DontFragmentFlag) != 0;
}
