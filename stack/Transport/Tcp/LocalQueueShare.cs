namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// The policy for a wire whose queue drops silently (<see cref="Link.ILink.QueueOctets"/>): a stock VDE switch holds
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
/// Paths with a longer round trip are left to congestion control alone: there the queue at our switch is not what limits.
/// </summary>
internal sealed class LocalQueueShare(int queueOctets)
{
    /// <summary>Round trips below this are local. A switch's full queue takes about 1 ms to drain.</summary>
    private static readonly TimeSpan LocalRoundTrip = TimeSpan.FromMilliseconds(2);

    /// <summary>Connections that have data under way or waiting.</summary>
    public int Active { get; private set; }

    /// <summary>True if the shortest round trip seen is that of a local network; unknown counts as local.</summary>
    public static bool IsLocal(TimeSpan? minRtt) => minRtt is not { } rtt || rtt < LocalRoundTrip;

    public void Enter() => Active++;

    public void Leave() => Active--;

    /// <summary>What one connection may have under way, in octets: never less than two segments, or it would stall.</summary>
    /// <param name="mss">Octets of a full segment.</param>
    /// <param name="newcomers">How many share beside those that are active.</param>
    public int ShareOctets(int mss, int newcomers = 0) =>
        Math.Max(2 * mss, queueOctets / Math.Max(1, Active + newcomers));
}
