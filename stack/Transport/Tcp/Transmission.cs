namespace Pyco.Stack.Transport.Tcp;

/// <summary>Octets that were sent at one moment and share one fate: one segment, or many.</summary>
internal struct Transmission
{
    public SequenceNumber Start;

    /// <summary>Segment.end_seq.</summary>
    public SequenceNumber End;

    /// <summary>Segment.xmit_ts: when they were last sent.</summary>
    public Instant SentAt;

    /// <summary>Frames that carry them on a wire.</summary>
    public int Segments;

    public TransmissionState State;

    /// <summary>Segment.retransmitted.</summary>
    public bool WasSentAgain;

    public readonly int Length => End - Start;
}

internal enum TransmissionState : byte
{
    InFlight,

    /// <summary>Segment.lost.</summary>
    Lost,

    /// <summary>The peer has reported it by SACK.</summary>
    Arrived,
}
