using Pyco.Stack.Link;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Testing;

/// <summary>
/// One direction of a wire: takes frames from a stack and gives them back when their time has come, as its conditions
/// and its seed will have it. It copies, so that each stack's pool shows its own leaks, and allocates nothing once warm.
/// </summary>
internal sealed class SimulatedWire(WireConditions conditions, Random chance, Func<Instant> clock) : ILink
{
    private const int IPv4Start = 14;

    private readonly PriorityQueue<byte[], (long At, long Order)> _inFlight = new();
    private readonly Stack<byte[]> _free = new();
    private readonly Queue<(Instant Departs, int Length)> _queue = new();
    private Instant _freeAt;
    private Instant _lastArrival;
    private long _order;
    private int _queued;

    public int Mtu => conditions.Mtu;

    public int? QueueOctets => conditions.KnownQueue;

    public bool ChecksumTrusted => false;

    public int Sent { get; private set; }

    public int Lost { get; private set; }

    public int Corrupted { get; private set; }

    /// <summary>Frames that found the queue full.</summary>
    public int Overflowed { get; private set; }

    /// <summary>When the next frame comes out, or null.</summary>
    public Instant? NextArrival => _inFlight.TryPeek(out _, out (long At, long) due) ? new(due.At) : null;

    public void Send(Frame frame)
    {
        Sent++;
        if (TryQueue(frame.Length, out Instant departure))
            Carry(frame.Octets, departure);
        frame.Dispose();
    }

    /// <summary>Takes a frame that has arrived by now, into a frame of the receiver's pool.</summary>
    public bool TryReceive(FramePool pool, Instant now, out Frame? frame)
    {
        frame = null;
        if (!(NextArrival <= now))
            return false;
        byte[] packet = _inFlight.Dequeue();
        int length = BitConverter.ToInt32(packet);
        frame = pool.Rent();
        packet.AsSpan(sizeof(int), length).CopyTo(frame.Append(length));
        _free.Push(packet);
        return true;
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

    private void Carry(ReadOnlySpan<byte> octets, Instant departure)
    {
        if (Happens(conditions.Loss))
        {
            Lost++;
            return;
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
        Put(octets, arrival);
        if (Happens(conditions.Duplicate))
            Put(octets, arrival);
    }

    private void Put(ReadOnlySpan<byte> octets, Instant arrival)
    {
        if (!_free.TryPop(out byte[]? packet))
            packet = new byte[sizeof(int) + conditions.Mtu + IPv4Start];
        BitConverter.TryWriteBytes(packet, octets.Length);
        Span<byte> copy = packet.AsSpan(sizeof(int), octets.Length);
        octets.CopyTo(copy);
        bool isIPv4 = octets.Length > IPv4Start && octets[12] == 0x08 && octets[13] == 0x00;
        if (isIPv4 && Happens(conditions.Corrupt))
        {
            copy[chance.Next(IPv4Start, copy.Length)] ^= (byte)(1 << chance.Next(8));
            Corrupted++;
        }
        _inFlight.Enqueue(packet, (arrival.Ticks, _order++));
    }

    private bool Happens(double share) => share > 0 && chance.NextDouble() < share;
}
