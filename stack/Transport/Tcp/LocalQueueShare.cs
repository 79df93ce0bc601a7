namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// The policy for a wire whose queue drops silently (<see cref="Link.ILink.QueueFrames"/>): a stock VDE switch holds
/// about 93 full frames for a receiver and throws away the rest, and on a local network the round trip is so short that
/// any congestion control finds out only by losing them by the hundred. So we do not probe for that limit: it is known.
/// All connections that are active at one such queue share it in equal parts.
/// <list type="bullet">
/// <item>As a sender: what we have in flight towards one next hop; one object for each next hop.</item>
/// <item>As a receiver: the windows that we advertise, as what comes to us goes through our own queue; one object.</item>
/// </list>
/// The whole of it counts, because the host's work for one window is done between two waits: with two processors a
/// transfer over a stock switch ran at 1.69 Gbit/s with three quarters of the queue, at 2.00 with all of it, and with
/// half more the switch began to drop (make bench iperf1). What the link calls its queue leaves some room for others.
/// Over paths with a longer round trip more may be in flight, as congestion control says: there the queue at our switch is
/// not what limits. But no burst may overrun it, be it after a pause or when many acknowledgements come at once: all
/// connections together hand it no more than it holds, and then as much again as it has passed on meanwhile.
/// </summary>
/// <param name="queueFrames">
/// What the queue holds, in frames: a short one takes as much of it as a long one, nearly.
/// </param>
internal sealed class LocalQueueShare(int queueFrames)
{
    /// <summary>Round trips below this are local. A switch's full queue takes about 1 ms to drain.</summary>
    private static readonly TimeSpan LocalRoundTrip = TimeSpan.FromMilliseconds(2);

    /// <summary>How long a full queue takes to drain: about a third of what a stock switch can do, which has others to serve.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromMilliseconds(1);

    // When the queue will have passed on all that was handed to it.
    private Instant _emptyAt;

    /// <summary>Connections that have data under way or waiting.</summary>
    public int Active { get; private set; }

    /// <summary>True if the shortest round trip seen is that of a local network; unknown counts as local.</summary>
    public static bool IsLocal(TimeSpan? minRtt) => minRtt is not { } rtt || rtt < LocalRoundTrip;

    public void Enter() => Active++;

    public void Leave() => Active--;

    /// <summary>What one connection may have under way, in frames: never less than two, or it would stall.</summary>
    /// <param name="newcomers">How many share beside those that are active.</param>
    public int ShareFrames(int newcomers = 0) => Math.Max(2, queueFrames / Math.Max(1, Active + newcomers));

    /// <summary>Frames that may go at once over a path with a longer round trip.</summary>
    public int BurstFrames(Instant now)
    {
        long backlog = (_emptyAt - now).Ticks;
        return backlog <= 0 ? queueFrames : queueFrames - (int)((backlog + TicksForFrame - 1) / TicksForFrame);
    }

    /// <summary>When a burst of half the queue may go.</summary>
    public Instant HalfEmptyAt => new(_emptyAt.Ticks - (queueFrames / 2 * TicksForFrame));

    /// <summary>Frames have been handed to the queue.</summary>
    public void OnSent(int frames, Instant now) =>
        _emptyAt = new((_emptyAt > now ? _emptyAt : now).Ticks + (frames * TicksForFrame));

    private long TicksForFrame => DrainTime.Ticks / queueFrames;
}
