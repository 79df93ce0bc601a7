using System.Diagnostics;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>Somebody that a <see cref="TimerQueue"/> can wake.</summary>
internal abstract class Timed
{
    /// <summary>Its place in the queue's heap, or -1.</summary>
    internal int HeapIndex = -1;

    /// <summary>When the queue will look at it, which may be before it needs that.</summary>
    internal Instant ScheduledAt;

    /// <summary>When it next has something to do, or null.</summary>
    public abstract Instant? NextDeadline { get; }

    /// <summary>Does what is due. Calls for no rescheduling: the queue asks <see cref="NextDeadline"/> again.</summary>
    public abstract void OnDeadline(Instant now);
}

/// <summary>
/// The deadlines of all connections in one binary heap. A deadline that moves later, as the retransmission timer's does
/// with each acknowledgement, leaves the heap as it is: the queue finds out when the old moment comes.
/// </summary>
internal sealed class TimerQueue
{
    private Timed[] _heap = new Timed[16];
    private int _count;

    /// <summary>The earliest moment at which <see cref="Advance"/> may have work, or null.</summary>
    public Instant? NextDeadline => _count == 0 ? null : _heap[0].ScheduledAt;

    /// <summary>Takes note of an owner's present <see cref="Timed.NextDeadline"/>.</summary>
    public void Update(Timed owner)
    {
        if (owner.NextDeadline is not { } at)
            return; // an owner without a deadline leaves when its old moment comes
        if (owner.HeapIndex < 0)
        {
            owner.ScheduledAt = at;
            if (_count == _heap.Length)
                Array.Resize(ref _heap, _count * 2);
            MoveUp(owner, _count++);
        }
        else if (at < owner.ScheduledAt)
        {
            owner.ScheduledAt = at;
            MoveUp(owner, owner.HeapIndex);
        }
    }

    /// <summary>Forgets an owner that has ended.</summary>
    public void Remove(Timed owner)
    {
        int index = owner.HeapIndex;
        if (index < 0)
            return;
        Debug.Assert(_heap[index] == owner);
        owner.HeapIndex = -1;
        Timed last = _heap[--_count];
        _heap[_count] = null!;
        if (last == owner)
            return;
        MoveUp(last, index);
        MoveDown(last, last.HeapIndex);
    }

    /// <summary>Calls everyone whose deadline has come.</summary>
    public void Advance(Instant now)
    {
        while (_count > 0 && _heap[0].ScheduledAt <= now)
        {
            Timed owner = _heap[0];
            Remove(owner);
            if (owner.NextDeadline is { } at && at <= now)
                owner.OnDeadline(now);
            Update(owner);
        }
    }

    private void MoveUp(Timed owner, int index)
    {
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (_heap[parent].ScheduledAt <= owner.ScheduledAt)
                break;
            Place(_heap[parent], index);
            index = parent;
        }
        Place(owner, index);
    }

    private void MoveDown(Timed owner, int index)
    {
        while (true)
        {
            int child = (2 * index) + 1;
            if (child >= _count)
                break;
            if (child + 1 < _count && _heap[child + 1].ScheduledAt < _heap[child].ScheduledAt)
                child++;
            if (owner.ScheduledAt <= _heap[child].ScheduledAt)
                break;
            Place(_heap[child], index);
            index = child;
        }
        Place(owner, index);
    }

    private void Place(Timed owner, int index)
    {
        _heap[index] = owner;
        owner.HeapIndex = index;
    }
}
