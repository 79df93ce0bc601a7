using System.Diagnostics;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>RFC 9293 §3.3.1's send sequence variables, with the data that waits for its acknowledgement or for its turn.</summary>
internal sealed class Sender(ChunkPool chunks)
{
    /// <summary>RFC 9293 §3.7.1: what a peer takes that sends no MSS option (IPv4).</summary>
    public const int DefaultPeerMss = 536;

    public const int InitialLimit = 256 * 1024;

    public const int MaxLimit = 4 * 1024 * 1024;

    /// <summary>The least segment size that we let a peer or a path ask for (Linux's TCP_MIN_SND_MSS).</summary>
    private const int MinMss = 48;

    private SequenceNumber _partialEnd;
    private SequenceNumber? _finSeq;
    private bool _wantsSpace;

    /// <summary>SND.UP: the place after the last urgent octet, until that is acknowledged (RFC 9293 §3.8.5).</summary>
    private SequenceNumber? _urgentEnd;

    /// <summary>ISS.</summary>
    public SequenceNumber Iss { get; private set; }

    /// <summary>SND.UNA.</summary>
    public SequenceNumber Una { get; private set; }

    /// <summary>SND.NXT. It never moves back: what is sent again is <see cref="LossRecovery"/>'s matter.</summary>
    public SequenceNumber Nxt { get; private set; }

    /// <summary>SND.WND, in octets.</summary>
    public int Wnd { get; private set; }

    /// <summary>SND.WL1.</summary>
    public SequenceNumber Wl1 { get; private set; }

    /// <summary>SND.WL2.</summary>
    public SequenceNumber Wl2 { get; private set; }

    /// <summary>Snd.Wind.Shift (RFC 7323 §2.2).</summary>
    public byte Scale { get; set; }

    /// <summary>The largest window that the peer has offered: RFC 5961 §5.2's and silly-window avoidance's measure.</summary>
    public int MaxWnd { get; private set; }

    /// <summary>The MSS that the peer's SYN offered.</summary>
    public int PeerMss { get; set; } = DefaultPeerMss;

    /// <summary>Octets of data in a full segment, options that every segment carries subtracted.</summary>
    public int Mss { get; private set; } = DefaultPeerMss;

    /// <summary>
    /// Octets of data in the largest segment that we send: <see cref="Mss"/>, or a multiple of it where the link takes
    /// super-segments.
    /// </summary>
    public int MaxSegment { get; private set; } = DefaultPeerMss;

    public SendBuffer Buffer { get; } = new(chunks);

    /// <summary>How much the user may leave here, in octets; grows with the congestion window.</summary>
    public int LimitOctets { get; private set; } = InitialLimit;

    public RoundTripEstimator Rtt { get; } = new();

    public LossRecovery Recovery { get; } = new();

    /// <summary>When something was last acknowledged, or sent after all had been: RFC 9293 §3.8.3 counts from here.</summary>
    public Instant ProgressAt { get; set; }

    /// <summary>Probes of a zero window or of a silent peer since it last answered.</summary>
    public int Probes { get; set; }

    /// <summary>How often the probes' interval was doubled since the window was last open (RFC 9293 §3.8.6.1).</summary>
    public int PersistBackoffs { get; set; }

    /// <summary>Octets sent and not acknowledged, SYN and FIN included.</summary>
    public int InFlight => Nxt - Una;

    /// <summary>Not to be read from the numbers: after 4 GB Una is at the ISS again.</summary>
    public bool IsSynAcked { get; private set; }

    /// <summary>Where the first octet of <see cref="Buffer"/> stands.</summary>
    public SequenceNumber DataStart => IsSynAcked ? Una : Iss + 1;

    public SequenceNumber DataEnd => DataStart + Buffer.Length;

    /// <summary>Data that was never sent. (A FIN that is in flight lies beyond the data.)</summary>
    public int UnsentOctets => Math.Max(0, DataEnd - Nxt);

    /// <summary>The user has no more to send.</summary>
    public bool IsFinQueued { get; set; }

    public bool IsFinSent => _finSeq is not null;

    public bool IsFinAcked => _finSeq is { } fin && Una - fin > 0;

    /// <summary>What the peer's window still has room for.</summary>
    public int UsableWindow => Math.Max(0, Una + Wnd - Nxt);

    /// <summary>A segment that was not full is unacknowledged: Minshall's form of Nagle's rule.</summary>
    /// <remarks>What lies beyond Snd.Nxt was sent 2 GB ago or more, and has since seemed to lie ahead.</remarks>
    public bool IsPartialInFlight => _partialEnd - Una > 0 && _partialEnd - Nxt <= 0;

    public int FreeOctets => IsFinQueued ? 0 : Math.Max(0, LimitOctets - Buffer.Length);

    public void Start(SequenceNumber iss)
    {
        Iss = iss;
        Una = iss;
        Nxt = iss;
        _partialEnd = iss;
    }

    /// <param name="mss">See <see cref="Mss"/>.</param>
    /// <param name="room">Octets of data that fit into one frame of the link; it may be more or less than that.</param>
    public void SetMss(int mss, int room = 0)
    {
        Mss = Math.Max(mss, MinMss);
        MaxSegment = Math.Max(Mss, room - (room % Mss));
    }

    /// <summary>The free space for the user to write to, in one piece.</summary>
    public Span<byte> GetWriteSpan()
    {
        int free = FreeOctets;
        _wantsSpace |= free == 0;
        return Buffer.GetWriteSpan(free);
    }

    /// <summary>The same in several pieces.</summary>
    /// <returns>How many pieces were filled in.</returns>
    public int GetWritePieces(Span<Memory<byte>> pieces)
    {
        int free = FreeOctets;
        _wantsSpace |= free == 0;
        return Buffer.GetWritePieces(free, pieces);
    }

    /// <summary>True once, when a third of the buffer has become free after there was too little (sk_stream_is_writeable).</summary>
    public bool TakeWritable()
    {
        if (!_wantsSpace || FreeOctets < LimitOctets / 3)
            return false;
        _wantsSpace = false;
        return true;
    }

    /// <summary>Octets at Snd.Nxt have been sent for the first time.</summary>
    public void OnSent(int sequenceLength, bool isPartial, bool isFin)
    {
        Debug.Assert(sequenceLength > 0);
        if (isFin)
            _finSeq = Nxt + (sequenceLength - 1);
        Nxt += sequenceLength;
        if (isPartial)
            _partialEnd = Nxt;
    }

    /// <summary>An octet that the user has written is urgent.</summary>
    /// <param name="behind">Octets that were written after it.</param>
    public void MarkUrgent(int behind)
    {
        if (Buffer.Length > behind)
            _urgentEnd = DataEnd - behind;
    }

    /// <summary>SEG.UP for a segment that begins here: how far the urgent octets reach beyond that, or 0 for none (RFC 9293 §3.8.5).</summary>
    /// <remarks>If it is farther than the field can say, a later segment will tell (Linux likewise).</remarks>
    public ushort UrgentPointerAt(SequenceNumber seq) =>
        _urgentEnd is { } end && end - seq is > 0 and <= ushort.MaxValue and int distance ? (ushort)distance : (ushort)0;

    /// <summary>RFC 9293 §3.10.7.4, fifth step: octets up to the acknowledgement number leave the buffer.</summary>
    public void Acknowledge(SequenceNumber ack)
    {
        int data = Math.Clamp(ack - DataStart, 0, Buffer.Length);
        Buffer.Consume(data);
        IsSynAcked |= ack != Una;
        Una = ack;
        if (_urgentEnd is { } urgent && urgent - ack <= 0)
            _urgentEnd = null;
    }

    /// <summary>The SYN-ACK's or SYN's window: not scaled, and nothing to compare it with.</summary>
    public void SetInitialWindow(in Segment seg) => SetWindow(seg.Window, seg);

    /// <summary>RFC 9293 §3.10.7.4, fifth step: is the segment's window newer than what we know?</summary>
    /// <returns>True if the window has changed.</returns>
    public bool UpdateWindow(in Segment seg)
    {
        int window = seg.Window << Scale;
        bool isNewer = seg.Seq - Wl1 > 0 || (seg.Seq == Wl1 && seg.Ack - Wl2 >= 0);
        if (!isNewer)
            return false;
        bool hasChanged = window != Wnd;
        SetWindow(window, seg);
        return hasChanged;
    }

    /// <summary>Twice the congestion window keeps the pipe full while acknowledgements travel (Linux tcp_sndbuf_expand).</summary>
    public void GrowLimit(int cwnd)
    {
        if (2L * cwnd > LimitOctets)
            LimitOctets = Math.Min(2 * Math.Min(cwnd, MaxLimit / 2), MaxLimit);
    }

    private void SetWindow(int window, in Segment seg)
    {
        Wnd = window;
        MaxWnd = Math.Max(MaxWnd, window);
        Wl1 = seg.Seq;
        Wl2 = seg.Ack;
    }
}
