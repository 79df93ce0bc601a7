using System.Diagnostics;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>RFC 9293 §3.3.1's receive sequence variables, with the received data and the window that they give.</summary>
internal sealed class Receiver(ChunkPool chunks)
{
    /// <summary>Octets of window before any were consumed; what Linux's 128 KB of tcp_rmem come to.</summary>
    public const int InitialLimit = 256 * 1024;

    /// <summary>Linux's default for the most of tcp_rmem.</summary>
    public const int MaxLimit = 6 * 1024 * 1024;

    /// <summary>The largest window that a header without scaling can express.</summary>
    public const int MaxUnscaledWindow = 65535;

    /// <summary>Rcv.Wind.Shift: the least that lets 16 bits express <see cref="MaxLimit"/>.</summary>
    public const byte OfferedScale = 7;

    /// <summary>RFC 9293's default send MSS, as long as no segment has shown a better guess.</summary>
    private const int DefaultMss = 536;

    private bool _isClosed;
    private bool _hasFreed;

    /// <summary>RCV.UP: the place after the peer's last urgent octet, until the user has consumed that (RFC 9293 §3.8.5).</summary>
    private SequenceNumber? _urgentEnd;

    /// <summary>IRS: the peer's initial sequence number.</summary>
    public SequenceNumber Irs { get; private set; }

    /// <summary>RCV.NXT.</summary>
    public SequenceNumber Nxt { get; private set; }

    /// <summary>Where the window that the peer knows of ends; it never moves back (RFC 9293 §3.8.6.2.2).</summary>
    public SequenceNumber RightEdge { get; private set; }

    /// <summary>RCV.WND.</summary>
    public int Wnd => RightEdge - Nxt;

    /// <summary>Where the first octet of <see cref="Buffer"/> stands, or will stand.</summary>
    private SequenceNumber FirstUnread => Nxt - (Buffer.Length + (IsFinished ? 1 : 0));

    /// <summary>Zero if the peer did not offer window scaling.</summary>
    public byte Scale { get; set; }

    /// <summary>The last acknowledgement number that we sent (RFC 7323's Last.ACK.sent).</summary>
    public SequenceNumber LastAckSent { get; private set; }

    /// <summary>The largest segment seen: what the peer takes for full.</summary>
    public int SegmentSize { get; private set; } = DefaultMss;

    /// <summary>Octets of <see cref="Buffer"/> before the last urgent octet, which may not have come yet; null if there is none.</summary>
    public int? UrgentOffset => _urgentEnd - 1 - FirstUnread;

    /// <summary>Where the peer's FIN stands, once a segment has told.</summary>
    public SequenceNumber? FinSeq { get; private set; }

    /// <summary>All data and the FIN have arrived.</summary>
    public bool IsFinished => FinSeq is { } fin && Nxt - fin > 0;

    /// <summary>Received in order and not yet consumed.</summary>
    public ReceiveBuffer Buffer { get; } = new(chunks);

    public Reassembly Reassembly { get; } = new();

    public BufferTuning Tuning { get; } = new(InitialLimit, MaxLimit);

    /// <summary>How much may lie here, in octets.</summary>
    public int LimitOctets => Tuning.LimitOctets;

    /// <summary>
    /// Octets of memory that may be kept for received text by reference. Linux likewise counts a buffer's memory
    /// (truesize), and lets the window be half of that.
    /// </summary>
    private int MaxHeld => 2 * LimitOctets;

    /// <summary>How much may be under way to us, in octets, by <see cref="LocalQueueShare"/>.</summary>
    public int ShareOctets { get; set; } = int.MaxValue;

    public void Start(SequenceNumber irs)
    {
        // An active open has offered a window before it knew where that would begin.
        int offered = Wnd;
        Irs = irs;
        Nxt = irs + 1;
        RightEdge = Nxt + offered;
        LastAckSent = Nxt;
    }

    /// <summary>RFC 9293 §3.10.7.4, first step: is any of the segment in the window?</summary>
    public bool IsAcceptable(in Segment seg)
    {
        if (Wnd == 0)
            return seg.Seq == Nxt; // its text is trimmed away, its ACK and RST count (§3.10.7.4)
        if (seg.Len == 0)
            return seg.Seq.IsInWindow(Nxt, Wnd);
        return seg.Seq.IsInWindow(Nxt, Wnd) || (seg.End - 1).IsInWindow(Nxt, Wnd) ||
            (seg.Seq - Nxt < 0 && seg.End - RightEdge > 0);
    }

    /// <summary>RFC 9293 §3.10.7.4, sixth step: a segment says that octets up to this place are urgent.</summary>
    /// <remarks>As in all stacks that there are, the last of them stands before that place (RFC 6093 §4).</remarks>
    public void NoteUrgent(SequenceNumber end)
    {
        bool isUnread = end - FirstUnread > 0;
        if (isUnread && !_isClosed && (_urgentEnd is not { } known || end - known > 0))
            _urgentEnd = end;
    }

    /// <summary>Takes what is new in the segment's text, trimmed to the window.</summary>
    /// <returns>How many octets have become readable.</returns>
    public int Accept(SequenceNumber seq, SegmentText text, int segmentSize)
    {
        SegmentSize = Math.Max(SegmentSize, segmentSize);
        int known = Nxt - seq;
        if (known > 0)
        {
            Reassembly.ReportDuplicate(seq, SequenceNumber.Earlier(seq + text.Length, Nxt));
            if (known >= text.Length)
                return 0;
            text = text.Skip(known);
            seq = Nxt;
        }
        int space = RightEdge - seq;
        if (space <= 0)
            return 0;
        if (text.Length > space)
            text = text.Take(space);
        if (_isClosed)
            return 0;
        if (seq - Nxt > 0)
        {
            if (!Buffer.IsWaitingFull && Reassembly.Add(seq, seq + text.Length))
                Buffer.Wait(seq, text, MaxHeld);
            return 0;
        }
        SequenceNumber reached = Buffer.Append(seq, text, MaxHeld);
        if (!Reassembly.IsEmpty)
        {
            SequenceNumber noted = Reassembly.Advance(seq + text.Length);
            Debug.Assert(noted == reached);
        }
        int advanced = reached - Nxt;
        Debug.Assert(advanced > 0);
        Nxt = reached;
        return advanced;
    }

    /// <summary>The peer's FIN is at this place; it counts when all before it is there.</summary>
    /// <returns>True if Rcv.Nxt has just passed over it.</returns>
    public bool AcceptFin(SequenceNumber fin)
    {
        FinSeq ??= fin;
        return TryPassFin();
    }

    /// <summary>Passes over a FIN that came before the last of the data.</summary>
    public bool TryPassFin()
    {
        if (FinSeq is not { } fin || Nxt != fin)
            return false;
        Nxt += 1;
        if (RightEdge - Nxt < 0)
            RightEdge = Nxt;
        return true;
    }

    /// <summary>Nothing more will come: what waits for a gap to be closed is of no use.</summary>
    public void DropWaiting()
    {
        Reassembly.Clear();
        Buffer.DropWaiting();
    }

    /// <summary>Nobody will read any more.</summary>
    public void Close()
    {
        _isClosed = true;
        Buffer.Dispose();
    }

    /// <summary>
    /// The window to advertise now. Silly-window avoidance (RFC 9293 §3.8.6.2.2): the right edge moves only by a
    /// worthwhile step.
    /// </summary>
    public int ChooseWindow()
    {
        int limit = Math.Min(ShareOctets, MaxUnscaledWindow << Scale);
        int free = Math.Clamp(LimitOctets - Buffer.Length, 0, limit);
        int step = Math.Min(limit / 2, SegmentSize);
        return free - Wnd >= step ? free : Wnd;
    }

    /// <summary>
    /// An acknowledgement leaves with the chosen window; returns the header's field. Rounding is upwards while the edge
    /// stands, else the scaled value would take back part of what was offered (RFC 7323 §2.4).
    /// </summary>
    public ushort Advertise()
    {
        int window = ChooseWindow();
        int unit = 1 << Scale;
        int field = window > Wnd ? window / unit : (window + unit - 1) / unit;
        field = Math.Min(field, MaxUnscaledWindow);
        SequenceNumber edge = Nxt + (field << Scale);
        if (edge - RightEdge > 0)
            RightEdge = edge;
        LastAckSent = Nxt;
        _hasFreed = false;
        return (ushort)field;
    }

    /// <summary>RFC 7323 §2.2: the window field of a SYN is never scaled.</summary>
    public ushort AdvertiseUnscaled()
    {
        int window = Math.Min(LimitOctets, MaxUnscaledWindow);
        if (Nxt + window - RightEdge > 0)
            RightEdge = Nxt + window;
        LastAckSent = Nxt;
        return (ushort)window;
    }

    /// <summary>The user has taken octets away.</summary>
    public void OnConsumed()
    {
        _hasFreed = true;
        if (UrgentOffset < 0)
            _urgentEnd = null;
    }

    /// <summary>
    /// Reading has freed so much that the peer should know: the window that it sees is at most half of what it could be
    /// (Linux tcp_cleanup_rbuf), so that a steady reader costs no extra segments. Without reading there is nothing to
    /// tell: a new connection, whose SYN could not offer all, needs no segment for that.
    /// </summary>
    public bool WantsWindowUpdate()
    {
        if (!_hasFreed || IsFinished)
            return false;
        int window = ChooseWindow();
        return window > Wnd && window >= 2 * Wnd;
    }
}
