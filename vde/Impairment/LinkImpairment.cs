using System.Diagnostics.CodeAnalysis;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Impairment;

/// <summary>
/// One direction of a link that is not perfect: frames go in, and come out later, or damaged, twice or never, as its
/// <see cref="LinkConditions"/> say. It neither reads a clock nor waits: its owner passes the moment in, and takes frames out
/// from <see cref="NextDue"/> on. One loop owns it, and nothing is allocated per frame once it is warm.
/// </summary>
/// <remarks>
/// A frame's way: the MTU, chance (loss, copy, damage), the queue for the rate, sending at the rate, then the delay.
/// Frames are whole wire frames: super-segments must have been split and checksums completed before, or damage would go
/// unseen. The octets may change, so nobody else may hold the frame.
/// </remarks>
public sealed class LinkImpairment : IDisposable
{
    /// <summary>
    /// Frames that one direction holds at most, however long the delay: a sender that floods a slow link must not use up the
    /// memory of all. At 1500 octets each this fills 40 ms at 10 Gbit/s, or 4 s at 100 Mbit/s.
    /// </summary>
    public const int MaximumHeld = 32_768;

    private readonly FramePool _pool;
    private readonly Chance _chance;
    private readonly TransmissionQueue _waiting = new();

    // Frames that keep their order arrive in it, and so do those that skip the delay: two queues need no sorting.
    private readonly Queue<InFlight> _inOrder = new();
    private readonly Queue<InFlight> _overtaking = new();
    private Instant _lastInOrder;
    private long _number;

    /// <param name="conditions">What to do to frames.</param>
    /// <param name="chance">Decides; used by nobody else, so that a seed gives the same run again.</param>
    /// <param name="pool">Where copies are rented: its frames must be as large as those that come.</param>
    /// <exception cref="ArgumentException">The conditions exclude each other.</exception>
    public LinkImpairment(LinkConditions conditions, Entropy chance, FramePool pool)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        ArgumentNullException.ThrowIfNull(chance);
        ArgumentNullException.ThrowIfNull(pool);
        ThrowIfImpossible(conditions);
        Conditions = conditions;
        _chance = new Chance(conditions, chance);
        _pool = pool;
        _waiting.Configure(conditions.Rate, conditions.OverheadOctets, default);
    }

    public LinkConditions Conditions { get; private set; }

    public LinkCounters Counters { get; } = new();

    /// <summary>Frames that have gone in and not come out.</summary>
    public int Held => _waiting.Count + _inOrder.Count + _overtaking.Count;

    /// <summary>
    /// When to call <see cref="TryDequeue"/> again, or null while nothing is held. With a rate this is also when a frame
    /// has been sent, and it may turn out then that none has arrived yet.
    /// </summary>
    public Instant? NextDue => Instant.Earlier(
        _waiting.NextSent, Next() is { } queue ? queue.Peek().Arrival : null);

    /// <summary>Takes the frame, to give it back when its time has come, or never.</summary>
    public void Enqueue(Frame frame, Instant now)
    {
        ArgumentNullException.ThrowIfNull(frame);
        Advance(now);
        int contentOffset = EthernetContent.Offset(frame.Octets, out ushort type);
        if (frame.Length - contentOffset > Conditions.Mtu)
        {
            Counters.TooLong++;
            frame.Dispose();
            return;
        }
        FrameFate fate = _chance.Next();
        if (fate.IsLost)
        {
            Counters.Lost++;
            frame.Dispose();
            return;
        }
        // The copy is of what went in: damage is done to one of the two.
        Frame? copy = fate.IsDuplicated ? Copy(frame) : null;
        if (fate.IsCorrupted && EthernetContent.IsIp(type) && frame.Length > contentOffset)
            Corrupt(frame.Octets[contentOffset..], fate.CorruptDraw);
        Queue(frame, fate, now);
        if (copy is not null)
            Queue(copy, fate, now);
    }

    /// <summary>Gives the next frame that has arrived by now; it is then the caller's.</summary>
    public bool TryDequeue(Instant now, [NotNullWhen(true)] out Frame? frame)
    {
        Advance(now);
        frame = null;
        if (Next() is not { } queue || queue.Peek().Arrival > now)
            return false;
        frame = queue.Dequeue().Frame;
        Counters.Passed++;
        return true;
    }

    /// <summary>
    /// Changes the link under the frames that it holds: none is lost, and none overtakes another for it. A new rate and delay
    /// count for what still waits; what is on its way arrives no later than what goes off now. What chance has already
    /// decided for a frame stays.
    /// </summary>
    /// <param name="conditions">What to do from now on.</param>
    /// <param name="now">The moment.</param>
    /// <param name="restart">Begins chance anew, as after a new seed; null goes on.</param>
    /// <exception cref="ArgumentException">The conditions exclude each other.</exception>
    public void Reconfigure(LinkConditions conditions, Instant now, Entropy? restart = null)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        ThrowIfImpossible(conditions);
        Advance(now);
        Conditions = conditions;
        _chance.Configure(conditions);
        if (restart is not null)
            _chance.Restart(restart);
        _waiting.Configure(conditions.Rate, conditions.OverheadOctets, now);
        Hasten(now + conditions.Delay + conditions.Jitter);
        Advance(now);
    }

    /// <summary>Frees what it holds.</summary>
    public void Dispose()
    {
        _waiting.Clear();
        while (Next() is { } queue)
            queue.Dequeue().Frame.Dispose();
    }

    private static void ThrowIfImpossible(LinkConditions conditions)
    {
        if (!conditions.IsPossible(out string? error))
            throw new ArgumentException(error, nameof(conditions));
    }

    private void Corrupt(Span<byte> content, ulong draw)
    {
        Counters.Corrupted++;
        int bit = (int)Math.BigMul(draw, (ulong)content.Length * 8, out _);
        content[bit / 8] ^= (byte)(1 << (bit % 8));
    }

    private void Queue(Frame frame, FrameFate fate, Instant now)
    {
        if (HasRoomFor(frame))
        {
            _waiting.Add(frame, fate, now);
            Advance(now); // without a rate it has been sent
            return;
        }
        Counters.QueueFull++;
        frame.Dispose();
    }

    private bool HasRoomFor(Frame frame)
    {
        if (Held >= MaximumHeld)
            return false;
        if (_waiting.Count == 0 || Conditions.Rate is not { } rate)
            return true;
        QueueLimit limit = Conditions.Queue;
        return !(_waiting.Count >= limit.Frames) && !(_waiting.Octets + frame.Length > limit.OctetsAt(rate));
    }

    private Frame? Copy(Frame frame)
    {
        if (frame.Length > _pool.FrameCapacity)
            return null;
        Frame copy = _pool.Rent(Math.Min(frame.Headroom, _pool.FrameCapacity - frame.Length));
        frame.Octets.CopyTo(copy.Append(frame.Length));
        Counters.Duplicated++;
        return copy;
    }

    /// <summary>The queue whose first frame arrives first, or was sent first if both arrive together; null without any.</summary>
    private Queue<InFlight>? Next()
    {
        if (!_overtaking.TryPeek(out InFlight overtaking))
            return _inOrder.Count > 0 ? _inOrder : null;
        if (!_inOrder.TryPeek(out InFlight inOrder))
            return _overtaking;
        int byTime = inOrder.Arrival.CompareTo(overtaking.Arrival);
        return byTime < 0 || (byTime == 0 && inOrder.Number < overtaking.Number) ? _inOrder : _overtaking;
    }

    /// <summary>Sends off all frames whose sending has ended by now.</summary>
    private void Advance(Instant now)
    {
        while (_waiting.TryTake(now, out Frame? frame, out FrameFate fate, out Instant sent))
            SendOff(frame, fate, sent);
    }

    private void SendOff(Frame frame, FrameFate fate, Instant sent)
    {
        LinkConditions conditions = Conditions;
        if (fate.IsReordered && conditions.Delay > TimeSpan.Zero)
        {
            Counters.Reordered++;
            _overtaking.Enqueue(new InFlight(frame, sent, _number++));
            return;
        }
        Instant arrival = sent + conditions.Delay + Spread(conditions.Jitter, fate.JitterDraw);
        if (arrival > _lastInOrder)
            _lastInOrder = arrival;
        _inOrder.Enqueue(new InFlight(frame, _lastInOrder, _number++));
    }

    /// <summary>A time from minus to plus the jitter.</summary>
    private static TimeSpan Spread(TimeSpan jitter, ulong draw)
    {
        ulong width = ((ulong)jitter.Ticks * 2) + 1;
        return TimeSpan.FromTicks((long)Math.BigMul(draw, width, out _) - jitter.Ticks);
    }

    /// <summary>Lets all that is on its way arrive by then. Those that skipped the delay have arrived already.</summary>
    private void Hasten(Instant latest)
    {
        if (_lastInOrder <= latest)
            return;
        _lastInOrder = latest;
        for (int count = _inOrder.Count; count > 0; count--)
        {
            InFlight frame = _inOrder.Dequeue();
            _inOrder.Enqueue(frame.Arrival > latest ? frame with { Arrival = latest } : frame);
        }
    }

    /// <summary>A frame that has been sent.</summary>
    /// <param name="Frame">The frame.</param>
    /// <param name="Arrival">When it is there.</param>
    /// <param name="Number">Counts the frames as they were sent.</param>
    private readonly record struct InFlight(Frame Frame, Instant Arrival, long Number);
}
