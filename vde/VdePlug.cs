using System.Diagnostics;
using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Offload;
using Pyco.Stack.Wire;

namespace Pyco.Vde;

/// <summary>What a plug counts.</summary>
public sealed class PlugCounters
{
    public long FramesSent { get; internal set; }

    public long FramesReceived { get; internal set; }

    /// <summary>Frames longer than the wire takes: sent, a stock switch would cut them short.</summary>
    public long DroppedOverlong { get; internal set; }

    /// <summary>Frames that found the send queue full, because the switch does not keep up.</summary>
    public long DroppedQueueFull { get; internal set; }

    /// <summary>Frames sent while the switch was away.</summary>
    public long DroppedAway { get; internal set; }

    /// <summary>Arrived datagrams that are no Ethernet frame, or a longer one than this side takes.</summary>
    public long DroppedMalformed { get; internal set; }
}

/// <summary>
/// A plug in a VDE switch. When the switch ends the plug says so, drops what is sent, and puts itself into the next switch
/// at the same place; connections above survive as they survive a pulled cable.
/// </summary>
public sealed unsafe class VdePlug : IPolledLink
{
    /// <summary>Ethernet's header and 1500 octets. A stock switch silently cuts what is longer than 1518.</summary>
    public const int MaximumFrameLength = 14 + LargestMtu;

    /// <summary>
    /// The largest IP packet in octets. With a VLAN's tag, which a switch may add, such a frame has the 1518 octets at which
    /// a stock switch ends it.
    /// </summary>
    public const int LargestMtu = 1500;

    /// <summary>
    /// What a stock switch holds for one receiver before it drops: 93 full frames were measured, because the kernel
    /// charges about 2300 octets for each 1514 against the sender's SO_SNDBUF of 212,992; of short ones there is room for
    /// some 200. Eleven frames are left for acknowledgements and other hosts.
    /// </summary>
    public const int StockQueueFrames = 82;

    /// <summary>Two of the switch's own queues: what TCP has in flight fits, and a stuck switch costs little memory.</summary>
    private const int SendQueueCapacity = 256;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(2);

    private readonly VnlLocator _locator;
    private readonly string _description;
    private readonly FramePool _frames;
    private readonly FrameSocket _data;
    private readonly Action<string> _log;
    private int _control = -1;
    private SwitchHandshake? _handshake;
    private TimeSpan _retryDelay = FirstRetry;
    private Instant? _retryAt;
    private bool _lost;
    private bool _restored;
    private VdeFailure _reported = VdeFailure.NoSwitch;

    /// <summary>The plug of a port that a switch has given.</summary>
    internal VdePlug(VnlLocator locator, string description, FramePool frames, Action<string> log, SwitchHandshake handshake)
    {
        _locator = locator;
        _description = description;
        _frames = frames;
        _data = new FrameSocket(frames, SendQueueCapacity, Counters);
        _log = log;
        Take(handshake);
    }

    public PlugCounters Counters { get; } = new();

    /// <summary>The path of the switch's socket for this port; vde_switch begins its name with the port's number.</summary>
    public string SwitchSocket { get; private set; } = "";

    public string? NetworkIdentity { get; private set; }

    public int Mtu => LargestMtu;

    public int? QueueFrames => StockQueueFrames;

    /// <summary>Left to <see cref="Send"/>, which is the last to touch a frame.</summary>
    public bool ChecksumTrusted => true;

    public int MaxSuperSegment => ushort.MaxValue;

    public int Descriptor => _data.Descriptor;

    public int ControlDescriptor => _handshake?.Control ?? _control;

    public bool WantsWrite => _data.WantsWrite;

    /// <summary>Looks whether there is a switch, without a plug for it.</summary>
    /// <exception cref="VdeException">There is none for this user; the message says what to do.</exception>
    public static void FindSwitch(VnlLocator locator)
    {
        ArgumentNullException.ThrowIfNull(locator);
        using SwitchHandshake handshake = new(locator, "", default);
        _ = handshake.TryKnock(); // one with a full backlog is one
    }

    /// <summary>Plugs in, and waits for the switch's answer for at most five seconds.</summary>
    /// <param name="locator">Where the switch is.</param>
    /// <param name="description">What the switch's management shows for the port, at most 128 octets.</param>
    /// <param name="frames">Where received frames are rented.</param>
    /// <param name="log">Gets a line for the user when the switch goes and when it is back.</param>
    /// <exception cref="VdeException">There is no port for us; the message says what to do.</exception>
    public static VdePlug Connect(VnlLocator locator, string description, FramePool frames, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(locator);
        ArgumentNullException.ThrowIfNull(log);
        long start = Stopwatch.GetTimestamp();
        Instant now = default;
        using PlugOpening opening = new(locator, description, frames, log, now);
        VdePlug? plug;
        while ((plug = opening.Continue(now)) is null)
        {
            PollDescriptor answer = new() { Descriptor = opening.Descriptor, Events = Constants.PollIn };
            _ = Libc.poll(&answer, 1, (int)(opening.NextTry - now).TotalMilliseconds + 1);
            now = new Instant(Stopwatch.GetElapsedTime(start).Ticks);
        }
        return plug;
    }

    public void Send(Frame frame)
    {
        SegmentSplitter splitter = new(frame);
        while (splitter.TryTake(_frames, out Frame? part))
            SendOne(part);
    }

    public void OnWritable(Instant now)
    {
        if (!_data.Flush())
            Lose();
    }

    public int Receive(Span<Frame> frames) => _data.Receive(frames);

    public void OnControl(Instant now)
    {
        if (_handshake is not null)
        {
            ContinueHandshake(now);
            return;
        }
        _data.TakeError();
        byte ignored;
        nint length = Libc.recv(_control, &ignored, 1, Constants.MsgDontwait);
        if (length == 0 || (length < 0 && (Errno)Marshal.GetLastPInvokeError() is not (Errno.EAGAIN or Errno.EINTR)))
            Lose();
    }

    public Instant? Advance(Instant now)
    {
        if (_lost)
        {
            _lost = false;
            _retryDelay = FirstRetry;
            _retryAt = now + _retryDelay;
        }
        if (_handshake is { } pending && now >= pending.NextTry)
            ContinueHandshake(now);
        else if (_retryAt is { } due && now >= due)
            TryAgain(now);
        return _handshake?.NextTry ?? _retryAt;
    }

    public bool TakeRestored()
    {
        bool restored = _restored;
        _restored = false;
        return restored;
    }

    public void Dispose()
    {
        Unplug();
        _handshake?.Dispose();
        _handshake = null;
        _data.Dispose();
    }

    private void SendOne(Frame frame)
    {
        if (frame.Length > MaximumFrameLength)
        {
            Counters.DroppedOverlong++;
            frame.Dispose();
        }
        else if (Descriptor < 0)
        {
            Counters.DroppedAway++;
            frame.Dispose();
        }
        else if (!_data.Send(frame))
        {
            Lose();
        }
    }

    private void Lose()
    {
        _log($"the switch at {_locator.Path} is gone; waiting for it to come back");
        Unplug();
        _lost = true;
    }

    private void Unplug()
    {
        if (Descriptor < 0)
            return;
        _data.Close();
        _ = Libc.close(_control);
        _control = -1;
    }

    private void Take(SwitchHandshake handshake)
    {
        SwitchSocket = handshake.SwitchSocket;
        NetworkIdentity = handshake.NetworkIdentity;
        (_control, int data) = handshake.TakeDescriptors();
        _data.Attach(data);
    }

    private void TryAgain(Instant now)
    {
        _retryAt = null;
        _handshake = new SwitchHandshake(_locator, _description, now);
        ContinueHandshake(now);
    }

    private void ContinueHandshake(Instant now)
    {
        Debug.Assert(_handshake is not null);
        try
        {
            if (!_handshake.Continue(now))
                return;
            Take(_handshake);
            _restored = true;
            _reported = VdeFailure.NoSwitch;
            _log($"the switch at {_locator.Path} is back");
        }
        catch (VdeException failure)
        {
            // That there is no switch yet was said already.
            if (failure.Failure != _reported)
                _log(failure.Message);
            _reported = failure.Failure;
            _retryDelay = _retryDelay * 2 < LongestRetry ? _retryDelay * 2 : LongestRetry;
            _retryAt = now + _retryDelay;
        }
        _handshake.Dispose();
        _handshake = null;
    }
}
