using Pyco.Stack.Link;
using Pyco.Stack.Offload;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Testing;

/// <summary>
/// One direction of a wire: takes frames from a stack and gives them back when their time has come, as its conditions
/// and its seed will have it. It copies, so that each stack's pool shows its own leaks, and allocates nothing once warm.
/// </summary>
/// <remarks>
/// With <see cref="WireConditions.MaxSuperSegment"/> it is a wire inside a process, which passes frames by reference. With
/// <see cref="WireConditions.IsSplit"/> too, it leads out of the process and into it again: super-segments are cut at one
/// edge and joined at the other.
/// </remarks>
internal sealed class SimulatedWire(WireConditions conditions, Random chance, Func<Instant> clock) : ILink
{
    private const int IPv4Start = 14;

    private readonly PriorityQueue<Packet, (long At, long Order)> _inFlight = new();
    private readonly Stack<Packet> _free = new();
    private readonly FramePool _parts = new();
    private readonly Queue<Frame> _joined = new();
    private readonly Frame[] _batch = new Frame[64];
    private SegmentJoiner? _joiner;
    private readonly Queue<(Instant Departs, int Length)> _queue = new();
    private Instant _freeAt;
    private Instant _lastArrival;
    private long _order;
    private int _queued;

    public int Mtu => conditions.Mtu;

    public int? QueueFrames => conditions.KnownQueue;

    public bool ChecksumTrusted => conditions.MaxSuperSegment > 0;

    public int MaxSuperSegment => conditions.MaxSuperSegment;

    private bool IsInProcess => conditions.MaxSuperSegment > 0 && !conditions.IsSplit;

    public int Sent { get; private set; }

    /// <summary>Frames sent that were super-segments.</summary>
    public int SuperSegments { get; private set; }

    /// <summary>Frames that came out of the wire as super-segments.</summary>
    public int SuperSegmentsReceived { get; private set; }

    /// <summary>Frames that were on the wire with payload by reference.</summary>
    public int Attached { get; private set; }

    /// <summary>Frames that were on the wire with a checksum left out.</summary>
    public int LackedChecksum { get; private set; }

    public int Lost { get; private set; }

    public int Corrupted { get; private set; }

    /// <summary>Frames that found the queue full.</summary>
    public int Overflowed { get; private set; }

    /// <summary>When the next frame comes out, or null.</summary>
    public Instant? NextArrival => _inFlight.TryPeek(out _, out (long At, long) due) ? new(due.At) : null;

    public void Send(Frame frame)
    {
        SuperSegments += frame.SegmentSize > 0 ? 1 : 0;
        if (!conditions.IsSplit)
        {
            SendWhole(frame);
            return;
        }
        SegmentSplitter splitter = new(frame);
        while (splitter.TryTake(_parts, out Frame? part))
            SendWhole(part);
    }

    /// <summary>Takes a frame that has arrived by now, into a frame of the receiver's pools.</summary>
    public bool TryReceive(StackMemory memory, Instant now, out Frame? frame)
    {
        if (!_joined.TryDequeue(out frame))
        {
            if (!TryTake(memory, now, out frame))
                return false;
            if (conditions.IsSplit)
                frame = Join(frame!, memory, now);
        }
        SuperSegmentsReceived += frame!.SegmentSize > 0 ? 1 : 0;
        return true;
    }

    private void SendWhole(Frame frame)
    {
        Sent++;
        LackedChecksum += frame.LacksChecksum ? 1 : 0;
        Attached += frame.HasAttachment ? 1 : 0;
        if (!TryQueue(frame.Length, out Instant departure) || !TryCarry(frame, departure))
            frame.Dispose();
    }

    private bool TryTake(StackMemory memory, Instant now, out Frame? frame)
    {
        frame = null;
        if (!(NextArrival <= now))
            return false;
        Packet packet = _inFlight.Dequeue();
        _free.Push(packet);
        if (packet.Frame is not null)
        {
            (frame, packet.Frame) = (packet.Frame, null);
            return true;
        }
        frame = (packet.Length <= conditions.Mtu + IPv4Start ? memory.Frames : memory.LargeFrames).Rent();
        packet.Octets.AsSpan(0, packet.Length).CopyTo(frame.Append(packet.Length));
        frame.SegmentSize = packet.SegmentSize;
        frame.LacksChecksum = packet.LacksChecksum;
        return true;
    }

    /// <summary>Takes all that has arrived with the frame, and joins it.</summary>
    private Frame Join(Frame first, StackMemory memory, Instant now)
    {
        _batch[0] = first;
        int count = 1;
        while (count < _batch.Length && TryTake(memory, now, out Frame? next))
            _batch[count++] = next!;
        _joiner ??= new SegmentJoiner(memory.LargeFrames);
        count = _joiner.Join(_batch.AsSpan(0, count));
        for (int index = 1; index < count; index++)
            _joined.Enqueue(_batch[index]);
        return _batch[0];
    }

    private bool TryQueue(int length, out Instant departure)
    {
        Instant now = clock();
        departure = now;
        if (conditions.Rate is not { } rate)
            return true;
        while (_queue.TryPeek(out (Instant Departs, int Length) first) && first.Departs <= now)
            _queued -= _queue.Dequeue().Length;
        if (_queued + length > conditions.Queue)
        {
            Overflowed++;
            return false;
        }
        departure = (_freeAt > now ? _freeAt : now) + TimeSpan.FromTicks(length * TimeSpan.TicksPerSecond / rate);
        _freeAt = departure;
        _queue.Enqueue((departure, length));
        _queued += length;
        return true;
    }

    /// <returns>True if the wire has the frame now; else the caller still does.</returns>
    private bool TryCarry(Frame frame, Instant departure)
    {
        if (Happens(conditions.Loss))
        {
            Lost++;
            return false;
        }
        Instant arrival = departure + conditions.Delay + (conditions.Jitter * chance.NextDouble());
        if (Happens(conditions.Reorder))
        {
            arrival += (conditions.Delay + TimeSpan.FromMilliseconds(1)) * chance.NextDouble();
        }
        else
        {
            arrival = arrival > _lastArrival ? arrival : _lastArrival;
            _lastArrival = arrival;
        }
        if (Happens(conditions.Duplicate))
            Put(frame, arrival);
        if (!IsInProcess)
        {
            Put(frame, arrival);
            return false;
        }
        if (!_free.TryPop(out Packet? packet))
            packet = new Packet();
        packet.Frame = frame;
        _inFlight.Enqueue(packet, (arrival.Ticks, _order++));
        return true;
    }

    private void Put(Frame frame, Instant arrival)
    {
        if (!_free.TryPop(out Packet? packet))
            packet = new Packet();
        if (packet.Octets.Length == 0)
            packet.Octets = new byte[IPv4Start + Math.Max(conditions.Mtu, IsInProcess ? conditions.MaxSuperSegment : 0)];
        packet.Length = frame.Length;
        packet.SegmentSize = frame.SegmentSize;
        packet.LacksChecksum = frame.LacksChecksum;
        Span<byte> copy = packet.Octets.AsSpan(0, packet.Length);
        frame.CopyTo(0, copy);
        bool isIPv4 = copy.Length > IPv4Start && copy[12] == 0x08 && copy[13] == 0x00;
        if (isIPv4 && Happens(conditions.Corrupt))
        {
            copy[chance.Next(IPv4Start, copy.Length)] ^= (byte)(1 << chance.Next(8));
            Corrupted++;
        }
        _inFlight.Enqueue(packet, (arrival.Ticks, _order++));
    }

    private bool Happens(double share) => share > 0 && chance.NextDouble() < share;

    /// <summary>A frame on the wire.</summary>
    private sealed class Packet
    {
        /// <summary>The frame itself, on a wire inside a process.</summary>
        public Frame? Frame { get; set; }

        public byte[] Octets { get; set; } = [];

        public int Length { get; set; }

        public int SegmentSize { get; set; }

        public bool LacksChecksum { get; set; }
    }
}
