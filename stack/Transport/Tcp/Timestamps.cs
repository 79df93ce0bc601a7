namespace Pyco.Stack.Transport.Tcp;

/// <summary>The timestamp option of one connection (RFC 7323 §3 to §5).</summary>
internal struct Timestamps
{
    /// <summary>RFC 7323 §5.5: after so long without traffic the peer's clock may have wrapped, TS.Recent proves nothing.</summary>
    private static readonly TimeSpan RecentLifetime = TimeSpan.FromDays(24);

    private Instant _recentAt;

    /// <summary>Both sides sent the option in their SYN.</summary>
    public bool IsOn { get; set; }

    /// <summary>Added to the clock, so that our uptime stays our own (RFC 7323 §5.4).</summary>
    public uint Offset { get; set; }

    /// <summary>TS.Recent: what we echo.</summary>
    public uint Recent { get; private set; }

    /// <summary>The moment in milliseconds, the unit that Linux uses too.</summary>
    public readonly uint Clock(Instant now) => Clock(now, Offset);

    /// <summary>The same for a connection with this <see cref="Offset"/>.</summary>
    public static uint Clock(Instant now, uint offset) =>
        unchecked((uint)(now.Ticks / TimeSpan.TicksPerMillisecond) + offset);

    /// <summary>How long ago we wrote the value that the peer echoes, or null if we cannot have.</summary>
    public readonly TimeSpan? Age(uint echo, Instant now)
    {
        int milliseconds = unchecked((int)(Clock(now) - echo));
        return milliseconds >= 0 ? new TimeSpan(milliseconds * TimeSpan.TicksPerMillisecond) : null;
    }

    public void SetRecent(uint value, Instant now)
    {
        Recent = value;
        _recentAt = now;
    }

    /// <summary>RFC 7323 §4.3: the value to echo is that of the segment at the window's left edge.</summary>
    public void OnAcceptable(in Segment seg, SequenceNumber lastAckSent, Instant now)
    {
        if (IsOn && seg.Options.Timestamp is { } timestamp && seg.Seq - lastAckSent <= 0 &&
            (IsNewer(timestamp.Value, Recent) || IsRecentOutdated(now)))
            SetRecent(timestamp.Value, now);
    }

    /// <summary>PAWS (RFC 7323 §5.3): the segment is an old duplicate from before the sequence numbers wrapped.</summary>
    /// <remarks>A segment without the option passes, as with Linux; RFC 7323 §3.2 would drop it.</remarks>
    public readonly bool Rejects(in Segment seg, Instant now) =>
        IsOn && seg.Options.Timestamp is { } timestamp && !IsNewer(timestamp.Value, Recent) &&
        !IsRecentOutdated(now);

    private readonly bool IsRecentOutdated(Instant now) => now - _recentAt >= RecentLifetime;

    private static bool IsNewer(uint value, uint than) => unchecked((int)(value - than)) >= 0;
}
