using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Internet;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>All that has to be kept of a connection in TIME-WAIT: 60 s are long, and servers have many.</summary>
internal sealed class TimeWaitEntry
{
    public required ConnectionKey Key { get; init; }

    public required PortClaim Claim { get; init; }

    public required Route Route { get; init; }

    public required SequenceNumber SndNxt { get; init; }

    public required SequenceNumber RcvNxt { get; init; }

    /// <summary>As it goes into the header.</summary>
    public required ushort Window { get; init; }

    public required Timestamps Timestamps { get; init; }

    public required byte TimeToLive { get; init; }

    public required byte TypeOfService { get; init; }

    public Instant ExpiresAt { get; set; }

    /// <summary>When the table looks at it: its end, unless that has moved since.</summary>
    public Instant LookAt { get; set; }

    /// <summary>When an answer was last sent to a segment that is out of the window.</summary>
    public Instant LastAckAt { get; set; }
}

/// <summary>
/// Connections in TIME-WAIT. Their time is one constant, so those that end first stand first in a queue and a timer for
/// each is not needed; one that was restarted goes to the end again when it comes up.
/// </summary>
internal sealed class TimeWaitTable
{
    /// <summary>Linux's TCP_TIMEWAIT_LEN; RFC 9293 §3.4.3 has 2 MSL = 4 minutes and allows less.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(60);

    private readonly Dictionary<ConnectionKey, TimeWaitEntry> _entries = [];
    private readonly Queue<TimeWaitEntry> _byAge = new();

    public int Count => _entries.Count;

    public Instant? NextDeadline => _byAge.TryPeek(out TimeWaitEntry? entry) ? entry.LookAt : null;

    public bool TryGet(in ConnectionKey key, [NotNullWhen(true)] out TimeWaitEntry? entry) =>
        _entries.TryGetValue(key, out entry);

    public void Add(TimeWaitEntry entry, Instant now)
    {
        entry.ExpiresAt = now + Length;
        _entries.Add(entry.Key, entry);
        Enqueue(entry);
    }

    public bool Remove(TimeWaitEntry entry) =>
        _entries.TryGetValue(entry.Key, out TimeWaitEntry? present) && present == entry && _entries.Remove(entry.Key);

    /// <summary>Takes one that has lived its time.</summary>
    public bool TryExpire(Instant now, [NotNullWhen(true)] out TimeWaitEntry? expired)
    {
        while (_byAge.TryPeek(out TimeWaitEntry? entry) && entry.LookAt <= now)
        {
            _byAge.Dequeue();
            if (entry.ExpiresAt > now)
            {
                if (_entries.ContainsKey(entry.Key))
                    Enqueue(entry);
            }
            else if (Remove(entry))
            {
                expired = entry;
                return true;
            }
        }
        expired = null;
        return false;
    }

    private void Enqueue(TimeWaitEntry entry)
    {
        entry.LookAt = entry.ExpiresAt;
        _byAge.Enqueue(entry);
    }
}
