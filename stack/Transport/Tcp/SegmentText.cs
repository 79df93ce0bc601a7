using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>A segment's text (RFC 9293 §3.10.7.4, seventh step), lent where it stands: in its frame or attached to it.</summary>
/// <param name="frame">The frame.</param>
/// <param name="start">The first octet, counted from the frame's.</param>
/// <param name="length">Octets.</param>
internal readonly ref struct SegmentText(Frame frame, int start, int length)
{
    public int Length { get; } = length;

    /// <summary>All of it is attached to the frame: it can be kept without copying.</summary>
    public bool IsAttached => start >= frame.Length - frame.AttachedOctets;

    /// <summary>Without its first octets.</summary>
    public SegmentText Skip(int lengthOctets) => new(frame, start + lengthOctets, Length - lengthOctets);

    /// <summary>Only its first octets.</summary>
    public SegmentText Take(int lengthOctets) => new(frame, start, lengthOctets);

    /// <summary>Fills the destination with its first octets.</summary>
    public void CopyTo(Span<byte> destination) => frame.CopyTo(start, destination);

    /// <summary>Where attached text stands, up to the end of a chunk.</summary>
    public ChunkPiece FirstPiece()
    {
        int offset = start - (frame.Length - frame.AttachedOctets);
        foreach (ChunkPiece piece in frame.Attachment)
        {
            if (offset < piece.Length)
                return piece.Skip(offset).Take(Math.Min(piece.Length - offset, Length));
            offset -= piece.Length;
        }
        throw new InvalidOperationException("nothing is attached there");
    }
}
