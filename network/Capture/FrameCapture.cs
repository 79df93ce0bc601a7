using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Switching;

namespace Pyco.Network.Capture;

/// <summary>
/// Copies what passes a switch to a reader in another process, as a pcapng file. The network never waits for the reader:
/// frames that find the buffer full are left out, and counted at the end of the file.
/// </summary>
/// <remarks>
/// Of the whole network every frame is shown once, at the port where it enters; of one port both directions. Inbound is
/// into the switch. Every port is an interface of the file, which is described before its first frame.
/// </remarks>
internal sealed class FrameCapture : LoopTenant, IFrameTap
{
    /// <summary>A fair reader's pause of some milliseconds at full speed; more would only delay the loss.</summary>
    public const int BufferCapacity = 4 << 20;

    /// <summary>About what a socket takes at once, and more than the longest frame.</summary>
    private const int ChunkLength = 256 << 10;

    private readonly Switch _switch;
    private readonly CaptureOptions _options;
    private readonly ControlConnection _reader;
    private readonly Func<SwitchPort, bool> _wants;
    private readonly Func<SwitchPort, CapturedInterface> _describe;
    private readonly ChunkBuffer _buffer = new(ChunkLength, BufferCapacity / ChunkLength);
    private readonly Dictionary<SwitchPort, CapturedPort> _ports = [];
    private readonly List<CapturedPort> _wanted = [];
    private SwitchPort? _lastPort;
    private CapturedPort? _last;
    private int _declared;
    private long _left;
    private bool _isEnding;
    private bool _isEnded;

    /// <summary>Begins the file. The caller shows it to switch and loop.</summary>
    /// <param name="switch">What is captured.</param>
    /// <param name="options">What of it.</param>
    /// <param name="reader">Gets the file.</param>
    /// <param name="wants">Whether a port is to be captured; asked once for each.</param>
    /// <param name="describe">What the file tells of a port.</param>
    public FrameCapture(
        Switch @switch,
        CaptureOptions options,
        ControlConnection reader,
        Func<SwitchPort, bool> wants,
        Func<SwitchPort, CapturedInterface> describe)
    {
        _switch = @switch;
        _options = options;
        _reader = reader;
        _wants = wants;
        _describe = describe;
        _left = options.Count > 0 ? options.Count : long.MaxValue;
        reader.PartSent = OnPartSent;
        reader.HalfClosed = Finish;
        reader.Closed = OnClosed;
        TryAppend(PcapngWriter.Section("pyco-net"));
        foreach (SwitchPort port in @switch.Ports)
        {
            CapturedPort captured = Find(port);
            if (captured.IsWanted)
                TryDeclare(captured);
        }
    }

    /// <summary>Called once when the reader has all or is gone.</summary>
    public Action? Ended { get; set; }

    /// <summary>Frames that the reader gets or has got.</summary>
    public ulong Captured { get; private set; }

    /// <summary>Frames that were left out.</summary>
    public ulong Dropped { get; private set; }

    public bool Wants(SwitchPort port, FrameDirection direction) =>
        !_isEnding && (direction == FrameDirection.Inbound || _options.IsOnePort) && Find(port).IsWanted;

    public void Record(SwitchPort port, FrameDirection direction, Frame frame) => Record(Find(port), direction, frame.Octets);

    /// <summary>Ends the file: the reader gets what is there, and how much is not.</summary>
    public void Finish()
    {
        _isEnding = true;
        Wake();
    }

    /// <summary>The same for a network that ends now. A reader that is slow even then gets a file without an end.</summary>
    public unsafe void Finish(TimeSpan patience, Instant now)
    {
        _isEnding = true;
        long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        Pump();
        while (!_isEnded && Environment.TickCount64 < end)
        {
            PollDescriptor writable = new() { Descriptor = _reader.Descriptor, Events = Constants.PollOut };
            _ = Libc.poll(&writable, 1, (int)patience.TotalMilliseconds);
            _reader.OnEvents(Constants.EpollOut, now);
            if (!_isEnded)
                Pump();
        }
        _reader.Close();
    }

    protected override Instant? Run(Instant now)
    {
        Pump();
        return null;
    }

    private void Record(CapturedPort port, FrameDirection direction, ReadOnlySpan<byte> octets)
    {
        int kept = _options.SnapLength > 0 ? Math.Min(_options.SnapLength, octets.Length) : octets.Length;
        port.Seen++;
        if (!TryDeclare(port) || !_buffer.TryReserve(kept + PcapngWriter.PacketOverhead, out Span<byte> room))
        {
            port.Dropped++;
            Dropped++;
            return;
        }
        _buffer.Commit(PcapngWriter.WritePacket(room, port.Id, PcapngWriter.Now(), direction, octets, kept));
        Captured++;
        if (--_left <= 0)
            Finish();
        else if (_reader.Unsent == 0)
            Wake(); // else the rest goes when the reader has taken what it was given
    }

    private CapturedPort Find(SwitchPort port)
    {
        if (port == _lastPort)
            return _last!;
        if (!_ports.TryGetValue(port, out CapturedPort? captured))
        {
            ForgetLeft();
            captured = _wants(port) ? new CapturedPort(_describe(port) with { SnapLength = _options.SnapLength }) : CapturedPort.Unwanted;
            _ports.Add(port, captured);
            if (captured.IsWanted)
                _wanted.Add(captured);
        }
        _lastPort = port;
        _last = captured;
        return captured;
    }

    /// <summary>A port that has left the switch holds a stack, which is not to wait for the end of the capture.</summary>
    private void ForgetLeft()
    {
        _lastPort = null;
        foreach (SwitchPort port in _ports.Keys)
        {
            if (_switch.FindPort(port.Number) != port)
                _ports.Remove(port);
        }
    }

    /// <summary>Describes the port in the file, where it is not yet; false if there is no room.</summary>
    private bool TryDeclare(CapturedPort port)
    {
        if (port.Id >= 0)
            return true;
        if (!TryAppend(PcapngWriter.Interface(port.Description!)))
            return false;
        port.Id = _declared++;
        return true;
    }

    private bool TryAppend(ReadOnlySpan<byte> block)
    {
        if (!_buffer.TryReserve(block.Length, out Span<byte> room))
            return false;
        block.CopyTo(room);
        _buffer.Commit(block.Length);
        return true;
    }

    private void Pump()
    {
        while (!_isEnded && _reader.Unsent == 0 && _buffer.TryTake(out ReadOnlyMemory<byte> chunk))
            _reader.Send(chunk);
        if (_isEnded || !_isEnding || _reader.Unsent > 0)
            return;
        _reader.PartSent = null;
        _reader.Send(Trailer());
        _reader.End();
    }

    /// <summary>How many frames each port had, and how many of them the file lacks.</summary>
    private byte[] Trailer()
    {
        List<byte> blocks = [];
        ulong now = PcapngWriter.Now();
        foreach (CapturedPort port in _wanted)
        {
            if (port.Id < 0)
            {
                if (port.Seen == 0)
                    continue;
                blocks.AddRange(PcapngWriter.Interface(port.Description!));
                port.Id = _declared++;
            }
            blocks.AddRange(PcapngWriter.Statistics(port.Id, now, port.Seen, port.Dropped));
        }
        return [.. blocks];
    }

    private void OnPartSent(ReadOnlyMemory<byte> chunk)
    {
        _buffer.Return(chunk);
        if (_reader.Unsent == 0 && (_isEnding || !_buffer.IsEmpty))
            Wake();
    }

    private void OnClosed()
    {
        _isEnding = true;
        _isEnded = true;
        Ended?.Invoke();
    }

    /// <summary>A port in the file.</summary>
    private sealed class CapturedPort(CapturedInterface? description)
    {
        public static CapturedPort Unwanted { get; } = new(null);

        public CapturedInterface? Description => description;

        public bool IsWanted => description is not null;

        /// <summary>The interface's number in the file; -1 until it is described there.</summary>
        public int Id { get; set; } = -1;

        public ulong Seen { get; set; }

        public ulong Dropped { get; set; }
    }
}
