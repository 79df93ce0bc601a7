namespace Pyco.Stack.Transport.Tcp;

/// <summary>A received segment's variables (RFC 9293 §3.3.1, SEG.*), checked and in host order. The payload stays in the frame.</summary>
internal readonly struct Segment
{
    public SequenceNumber Seq { get; init; }

    /// <summary>Means something only with the ACK bit.</summary>
    public SequenceNumber Ack { get; init; }

    /// <summary>SEG.WND as on the wire, not scaled.</summary>
    public int Window { get; init; }

    public TcpFlags Flags { get; init; }

    /// <summary>Means something only with the URG bit.</summary>
    public ushort UrgentPointer { get; init; }

    public TcpOptions Options { get; init; }

    /// <summary>Octets of data.</summary>
    public int PayloadLength { get; init; }

    /// <summary>
    /// Octets of data in a full segment as the peer's path has them: less than <see cref="PayloadLength"/> if many travelled
    /// in one frame. (Linux's tcp_measure_rcv_mss takes gso_size likewise.)
    /// </summary>
    public int SegmentSize { get; init; }

    /// <summary>SEG.LEN: octets of sequence space, SYN and FIN included.</summary>
    public int Len => PayloadLength + (IsSyn ? 1 : 0) + (IsFin ? 1 : 0);

    /// <summary>The place after the segment's last octet.</summary>
    public SequenceNumber End => Seq + Len;

    /// <summary>Where the payload begins: SYN comes before it in sequence space.</summary>
    public SequenceNumber PayloadSeq => Seq + (IsSyn ? 1 : 0);

    public bool IsSyn => (Flags & TcpFlags.Syn) != 0;

    public bool IsAck => (Flags & TcpFlags.Ack) != 0;

    public bool IsRst => (Flags & TcpFlags.Rst) != 0;

    public bool IsFin => (Flags & TcpFlags.Fin) != 0;

    public bool IsPsh => (Flags & TcpFlags.Psh) != 0;

    public bool IsUrg => (Flags & TcpFlags.Urg) != 0;

    /// <param name="header">The header, its payload after it.</param>
    /// <param name="attachedOctets">Octets of payload that are elsewhere (<see cref="Wire.Frame.AttachedOctets"/>).</param>
    /// <param name="segmentSize">See <see cref="Wire.Frame.SegmentSize"/>.</param>
    public static Segment Read(in TcpHeader header, int attachedOctets = 0, int segmentSize = 0)
    {
        // A malformed list is no reason to drop a segment: see TcpOptions.
        _ = TcpOptions.TryParse(header.Options, out TcpOptions options);
        int length = header.Payload.Length + attachedOctets;
        return new Segment
        {
            Seq = header.Seq,
            Ack = header.Ack,
            Window = header.Window,
            Flags = header.Flags,
            UrgentPointer = header.UrgentPointer,
            Options = options,
            PayloadLength = length,
            SegmentSize = segmentSize > 0 ? segmentSize : length,
        };
    }
}
