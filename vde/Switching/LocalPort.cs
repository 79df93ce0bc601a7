using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Switching;

/// <summary>
/// The port of a stack in the switch's own process: frames pass by reference and never through the kernel. What has
/// arrived waits until the stack's turn in the same loop.
/// </summary>
public sealed class LocalPort : SwitchPort, IPolledLink
{
    /// <summary>
    /// Frames that wait for the stack's turn, which is in the same turn of the loop: only a flood from many hosts at once
    /// comes near.
    /// </summary>
    public const int QueueCapacity = 4096;

    private readonly Queue<Frame> _arrived = new();

    /// <param name="description">Who it is, for people.</param>
    /// <param name="userId">The user whose program it is.</param>
    /// <param name="mtu">The largest IP packet in octets.</param>
    public LocalPort(string description, uint userId, int mtu)
    {
        Description = description;
        UserId = userId;
        Mtu = mtu;
    }

    /// <summary>Called when frames have arrived for a stack that may be asleep.</summary>
    public Action? Arrived { get; set; }

    public int Mtu { get; }

    public int? QueueFrames => null;

    /// <summary>
    /// True to carry what a wire would: frames of the MTU with checksums, as a capture at this port shall show them and an
    /// impairment needs them.
    /// </summary>
    public bool IsWire { get; set; }

    public bool ChecksumTrusted => !IsWire;

    public int MaxSuperSegment => IsWire ? 0 : ushort.MaxValue;

    public int Descriptor => -1;

    public int ControlDescriptor => -1;

    public bool WantsWrite => false;

    public bool HasFrames => _arrived.Count > 0;

    public void Send(Frame frame) => TakeFromStation(frame);

    public int Receive(Span<Frame> frames)
    {
        int count = 0;
        while (count < frames.Length && _arrived.TryDequeue(out Frame? frame))
            frames[count++] = frame;
        return count;
    }

    public void OnWritable(Instant now)
    {
    }

    public void OnControl(Instant now)
    {
    }

    public Instant? Advance(Instant now) => null;

    public bool TakeRestored() => false;

    public void Dispose()
    {
        Owner?.Remove(this);
        while (_arrived.TryDequeue(out Frame? frame))
            frame.Dispose();
    }

    protected internal override bool TakesSuperSegments => !IsWire;

    protected override void Deliver(Frame frame)
    {
        if (_arrived.Count >= QueueCapacity)
        {
            Counters.DroppedQueueFull++;
            frame.Dispose();
            return;
        }
        _arrived.Enqueue(frame);
        if (_arrived.Count == 1)
            Arrived?.Invoke();
    }
}
