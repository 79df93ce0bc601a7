using System.Buffers.Binary;
using System.Text;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Testing;

/// <summary>
/// What happens on one TCP connection and when, in the manner of packetdrill: the test plays the program above the stack
/// and the peer on the wire. Seconds count from the start of the trace.
/// </summary>
internal sealed class Trace
{
    private static readonly IpAddress PeerAddress = IpAddress.Parse("10.0.0.2");
    private static readonly IpAddress StackAddress = IpAddress.Parse("10.0.0.1");
    private static readonly Instant Start = new(TimeSpan.TicksPerHour);

    // Both wrap within the first octets, so every trace also tests the ring.
    private static readonly SequenceNumber PeerIss = new(0xffff_fffe);

    private readonly TraceWire _wire;
    private readonly FramePool _frames = new();
    private readonly NetworkStack _stack;
    private readonly List<string> _log = [];
    private readonly Queue<(double At, TraceSegment Segment)> _sent = new();
    private readonly Dictionary<ushort, SequenceNumber> _stackIss = []; // by the peer's port
    private SocketEvents _events;
    private ushort _stackPort;
    private ushort _peerPort;
    private double _seconds;
    private Instant? _deadline;

    /// <param name="maxSuperSegment">See <see cref="Pyco.Stack.Link.ILink.MaxSuperSegment"/>.</param>
    public Trace(int maxSuperSegment = 0)
    {
        _wire = new TraceWire(PeerAddress, StackAddress) { MaxSuperSegment = maxSuperSegment };
        StackOptions options = new()
        {
            Mac = TraceWire.StackMac,
            Addresses = [new IpPrefix(StackAddress, 24)],
            DetectConflicts = false,
        };
        _stack = new NetworkStack(options, _wire, _frames, Entropy.Seeded(1));
        _stack.Start(Now);
        Socket = _stack.OpenTcp();
        Turn();
    }

    /// <summary>The program's socket: the connection, once a listener has accepted one.</summary>
    public TcpSocket Socket { get; set; }

    public NetworkStack Stack => _stack;

    // Rounded, as FromSeconds would end before the deadline that the seconds were made from.
    public Instant Now => Start + TimeSpan.FromTicks((long)Math.Round(_seconds * TimeSpan.TicksPerSecond));

    /// <summary>All Ethernet frames that the stack has sent.</summary>
    public IReadOnlyList<byte[]> FramesSent => _wire.Frames;

    /// <summary>Frames that nobody has given back.</summary>
    public int FramesOutstanding => _frames.Outstanding;

    /// <summary>The end of the window that the stack last offered, unscaled.</summary>
    public long OfferedEdge { get; private set; }

    /// <summary>How many octets the program has taken, whatever they were.</summary>
    public long OctetsRead { get; private set; }

    /// <summary>The TSval of the last segment that the stack has sent, for the peer to echo.</summary>
    public uint LastTimestamp { get; private set; }

    /// <summary>A connection that the stack has opened; both sides have sent one octet of sequence space.</summary>
    public static Trace Established(
        string peerOptions = "mss 1000", int peerWindow = 65535, int maxSuperSegment = 0)
    {
        Trace trace = new Trace(maxSuperSegment).AppConnects();
        trace.StackSends("S 0:0(0)");
        trace.PeerSends($"S. 0:0(0) ack 1 win {peerWindow} <{peerOptions}>");
        trace.StackSends("1:1(0) ack 1");
        return trace;
    }

    /// <summary>A connection that the peer has opened to the stack's listener.</summary>
    public static Trace Accepted(string peerOptions = "mss 1000", int peerWindow = 65535)
    {
        Trace trace = new Trace().AppListens();
        trace.PeerSends($"S 0:0(0) win {peerWindow} <{peerOptions}>");
        trace.StackSends("S. 0:0(0) ack 1");
        trace.PeerSends($"1:1(0) ack 1 win {peerWindow}");
        return trace.AppAccepts();
    }

    /// <summary>Lets the time pass until so many seconds after the start.</summary>
    public Trace At(double seconds)
    {
        Assert.That(seconds, Is.GreaterThanOrEqualTo(_seconds), "a trace goes forward");
        Turn(); // as the owner does before it sleeps
        for (int turns = 0; _deadline is { } deadline && (deadline - Start).TotalSeconds <= seconds; turns++)
        {
            Assert.That(turns, Is.LessThan(100_000), "the stack wants its turn again and again");
            _seconds = Math.Max(_seconds, (deadline - Start).TotalSeconds);
            Turn();
        }
        _seconds = seconds;
        Turn();
        return this;
    }

    public Trace AppConnects(ushort port = 80)
    {
        _peerPort = port;
        Assert.That(Socket.Connect(new IpEndpoint(PeerAddress, port), Now), Is.EqualTo(Errno.None));
        return Did($"app connects to port {port}");
    }

    public Trace AppListens(ushort port = 80, int backlog = 16)
    {
        _stackPort = port;
        _peerPort = 40000;
        Assert.That(Socket.Bind(new IpEndpoint(StackAddress, port)), Is.EqualTo(Errno.None));
        Assert.That(Socket.Listen(backlog), Is.EqualTo(Errno.None));
        return Did($"app listens on port {port}");
    }

    /// <summary>From here on the peer speaks from this port: another connection.</summary>
    public Trace PeerUsesPort(ushort port)
    {
        _peerPort = port;
        return this;
    }

    public Trace AppAccepts()
    {
        Assert.That(Socket.TryAccept(out TcpSocket? connection), () => Story("nothing to accept"));
        Socket = connection!;
        return Did("app accepts");
    }

    public Trace AppWrites(string text)
    {
        ReadOnlySpan<byte> octets = Encoding.ASCII.GetBytes(text);
        while (octets.Length > 0)
        {
            Span<byte> span = Socket.GetSendSpan();
            Assert.That(span.IsEmpty, Is.False, () => Story("the send buffer is full"));
            int count = Math.Min(span.Length, octets.Length);
            octets[..count].CopyTo(span);
            Socket.CommitSend(count, Now);
            octets = octets[count..];
        }
        return Did($"app writes {text.Length} octets");
    }

    public Trace AppWrites(int lengthOctets) => AppWrites(new string('x', lengthOctets));

    /// <summary>The program takes all received octets and finds them to be this text.</summary>
    public Trace AppReads(string text)
    {
        ReadOnlyMemory<byte>[] pieces = new ReadOnlyMemory<byte>[16];
        int count = Socket.PeekReceived(pieces);
        string received = string.Concat(pieces.Take(count).Select(piece => Encoding.ASCII.GetString(piece.Span)));
        Assert.That(received, Is.EqualTo(text), () => Story("the program reads"));
        Socket.Consume(received.Length, Now);
        return Did($"app reads {received.Length} octets");
    }

    /// <summary>The program takes so many octets, whatever they are.</summary>
    public Trace AppReads(int lengthOctets)
    {
        Assert.That(Socket.ReceivedOctets, Is.GreaterThanOrEqualTo(lengthOctets), () => Story("the program reads"));
        Socket.Consume(lengthOctets, Now);
        OctetsRead += lengthOctets;
        return Did($"app reads {lengthOctets} octets");
    }

    public Trace AppFinishesSending()
    {
        Socket.FinishSending(Now);
        return Did("app shuts its sending side down");
    }

    public Trace AppCloses()
    {
        Socket.Close(Now);
        return Did("app closes");
    }

    public Trace AppAborts()
    {
        Socket.Abort(Now);
        return Did("app aborts");
    }

    /// <summary>Since the last such call the socket has reported these events, perhaps among others.</summary>
    public Trace AppHears(SocketEvents events)
    {
        Assert.That(_events & events, Is.EqualTo(events), () => Story("the program hears"));
        _events = SocketEvents.None;
        return this;
    }

    public Trace StateIs(string name)
    {
        Assert.That(Socket.StateName, Is.EqualTo(name), () => Story("the state"));
        return this;
    }

    public Trace ErrorIs(Errno error)
    {
        Assert.That(Socket.Error, Is.EqualTo(error), () => Story("the error"));
        return this;
    }

    /// <summary>The peer's segment; its payload is the text, or the letters from a to z over and over.</summary>
    public Trace PeerSends(string segment, string? text = null)
    {
        Hear(segment, text);
        Turn();
        return this;
    }

    /// <summary>Many segments of the peer come in one frame.</summary>
    public Trace PeerSendsSuperSegment(string segment, int segmentSize)
    {
        Hear(segment, text: null, default, segmentSize);
        Turn();
        return this;
    }

    /// <summary>The peer's segments come in one batch: the stack answers when it has seen them all.</summary>
    public Trace PeerSendsTogether(params string[] segments)
    {
        foreach (string segment in segments)
            Hear(segment, text: null);
        Turn();
        return this;
    }

    /// <summary>The peer's segment with these octets as its options, whatever they mean.</summary>
    public Trace PeerSendsWithOptions(string segment, ReadOnlySpan<byte> options)
    {
        int length = Math.Min((options.Length + 3) & ~3, TcpHeader.MaxLength - TcpHeader.MinLength);
        byte[] padded = new byte[length];
        options[..Math.Min(options.Length, length)].CopyTo(padded);
        Hear(segment, text: null, padded);
        Turn();
        return this;
    }

    /// <summary>An ICMP error about a segment that the stack has sent, of which it quotes the beginning.</summary>
    public Trace RouterReports(byte type, byte code, int quotedSeq, ushort mtu = 0)
    {
        byte[] quoted = new byte[8];
        BinaryPrimitives.WriteUInt16BigEndian(quoted, _stackPort);
        BinaryPrimitives.WriteUInt16BigEndian(quoted.AsSpan(2), _peerPort);
        BinaryPrimitives.WriteUInt32BigEndian(quoted.AsSpan(4), (_stackIss[_peerPort] + quotedSeq).Value);
        _log.Add($"{_seconds:0.000000} > ICMP type {type} code {code} about {quotedSeq}, MTU {mtu}");
        _stack.Receive(_wire.IcmpFromRouter(_frames, type, code, mtu, quoted), Now);
        Turn();
        return this;
    }

    private void Hear(string segment, string? text, ReadOnlySpan<byte> options = default, int segmentSize = 0)
    {
        TraceSegment parsed = TraceSegment.Parse(segment);
        byte[] payload = new byte[parsed.Length];
        // A SYN takes the first number for itself (RFC 9293 §3.4), also one that comes again with text.
        long start = parsed.Seq + (parsed.Flags.Contains('S', StringComparison.Ordinal) ? 1 : 0);
        for (int index = 0; index < payload.Length; index++)
            payload[index] = (byte)('a' + ((start - 1 + index) % 26));
        if (text is not null)
            Assert.That(Encoding.ASCII.GetBytes(text, payload), Is.EqualTo(parsed.Length));
        SequenceNumber stackIss = _stackIss.GetValueOrDefault(_peerPort);
        byte[] octets = parsed.Write(_peerPort, _stackPort, PeerIss, stackIss, payload);
        if (options.Length > 0)
        {
            octets = [.. octets[..TcpHeader.MinLength], .. options, .. octets[TcpHeader.MinLength..]];
            octets[12] = (byte)((TcpHeader.MinLength + options.Length) / 4 << 4);
        }
        _log.Add($"{_seconds:0.000000} > {parsed}");
        Frame frame = _wire.FromPeer(segmentSize > 0 ? _stack.Memory.LargeFrames : _frames, octets);
        frame.SegmentSize = segmentSize;
        _stack.Receive(frame, Now);
    }

    /// <summary>The oldest segment not looked at yet was sent at this moment, and is this one.</summary>
    public Trace StackSends(string segment)
    {
        Turn();
        TraceSegment wanted = TraceSegment.Parse(segment);
        Assert.That(_sent, Is.Not.Empty, () => Story($"the stack does not send {wanted}"));
        (double at, TraceSegment actual) = _sent.Dequeue();
        Assert.That(wanted.Matches(actual), () => Story($"the stack does not send {wanted} but {actual}"));
        Assert.That(at, Is.EqualTo(_seconds).Within(1e-6), () => Story($"when the stack sends {wanted}"));
        return this;
    }

    /// <summary>The oldest segment not looked at yet, where the test cannot know all of it.</summary>
    public TraceSegment TakeSent()
    {
        TakeSentAt(out TraceSegment segment);
        return segment;
    }

    /// <summary>The same, and when it was sent.</summary>
    public double TakeSentAt(out TraceSegment segment)
    {
        Turn();
        Assert.That(_sent, Is.Not.Empty, () => Story("the stack sends nothing"));
        (double at, segment) = _sent.Dequeue();
        return at;
    }

    /// <summary>There is a segment not looked at yet.</summary>
    public bool HasSent
    {
        get
        {
            Turn();
            return _sent.Count > 0;
        }
    }

    /// <summary>All that the stack has sent was looked at.</summary>
    public Trace StackIsSilent()
    {
        Turn();
        Assert.That(_sent, Is.Empty, () => Story("the stack is not silent"));
        return this;
    }

    /// <summary>Forgets what the stack has sent so far, where a trace is about something later.</summary>
    public Trace Skip()
    {
        Turn();
        _sent.Clear();
        return this;
    }

    private Trace Did(string what)
    {
        _log.Add($"{_seconds:0.000000}   {what}");
        Turn();
        return this;
    }

    private void Turn()
    {
        do
        {
            while (_wire.TryTakeAnswer(_frames, out Frame? answer))
                _stack.Receive(answer!, Now);
            _stack.Advance(Now);
            while (_stack.TryTakeChanged(out StackSocket? socket))
            {
                SocketEvents events = socket!.TakeEvents();
                if (socket == Socket)
                    _events |= events;
            }
            _deadline = _stack.Advance(Now);
        }
        while (_wire.HasAnswer);
        while (_wire.TryTakeSent(out byte[]? octets))
            Note(octets!);
    }

    private void Note(byte[] octets)
    {
        Assert.That(TcpHeader.TryParse(octets, out TcpHeader header), () => Story("the stack sends a malformed segment"));
        if ((header.Flags & TcpFlags.Syn) != 0)
        {
            _stackIss.TryAdd(header.DestinationPort, header.Seq);
            _stackPort = header.SourcePort;
        }
        if (TcpOptions.TryParse(header.Options, out TcpOptions options) && options.Timestamp is { } timestamp)
            LastTimestamp = timestamp.Value;
        // Without a connection a RST takes its number from the peer's ACK, or is zero.
        TraceSegment segment = TraceSegment.Read(header, _stackIss.GetValueOrDefault(header.DestinationPort), PeerIss);
        OfferedEdge = (segment.Ack ?? 0) + (segment.Window ?? 0);
        _log.Add($"{_seconds:0.000000} < {segment}");
        _sent.Enqueue((_seconds, segment));
    }

    /// <summary>A message with all that happened so far, for a failed assertion.</summary>
    private string Story(string what) => $"{what} at {_seconds:0.000000}\n{string.Join('\n', _log)}";
}
