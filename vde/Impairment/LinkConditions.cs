using System.Diagnostics.CodeAnalysis;

namespace Pyco.Vde.Impairment;

/// <summary>What one direction of a link does to frames. Nothing, unless something is set.</summary>
public sealed record LinkConditions
{
    /// <summary>A wire that passes every frame at once.</summary>
    public static LinkConditions None { get; } = new();

    /// <summary>From the end of a frame's sending to its arrival, one way; at most an hour.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>
    /// The delay of each frame differs from <see cref="Delay"/> by at most this, evenly spread; at most the delay itself.
    /// The order of frames stays, because it does in the queues that cause jitter on a real path: a frame that would overtake
    /// arrives together with the one before. (netem reorders; here <see cref="ReorderPercent"/> does.) Frames that follow each
    /// other within less than the jitter so arrive a little later on average than <see cref="Delay"/> says.
    /// </summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>The share of frames that are lost. They take none of the rate, as in netem.</summary>
    public double LossPercent { get; init; }

    /// <summary>
    /// The mean length in frames of a run of lost frames, while the share of lost ones stays <see cref="LossPercent"/>; null
    /// if each frame is lost or not by itself. (The two-state model of Gilbert: everything is lost in its bad state.)
    /// </summary>
    public double? Burst { get; init; }

    /// <summary>The share of frames that arrive twice. The copy follows the original, uses the rate, and is never lost.</summary>
    public double DuplicatePercent { get; init; }

    /// <summary>The share of frames that skip the delay, and so overtake those before them.</summary>
    public double ReorderPercent { get; init; }

    /// <summary>
    /// The share of IP packets with one flipped bit, anywhere behind the Ethernet header. The header and other protocols are
    /// spared: on a real wire the FCS protects them, and they have no checksum that would show the damage. A station's
    /// address that was learned wrong would do harm for minutes.
    /// </summary>
    public double CorruptPercent { get; init; }

    /// <summary>Bits per second, or null for a wire that takes no time to send on.</summary>
    public long? Rate { get; init; }

    /// <summary>
    /// Octets that the rate counts with each frame; 0 counts the frame as it is here: Ethernet's header and content without
    /// FCS, as netem does. 24 is what a real Ethernet adds: preamble (8), FCS (4) and the gap between frames (12).
    /// </summary>
    public int OverheadOctets { get; init; }

    /// <summary>
    /// The largest IP packet in octets (the content of any frame, VLAN tags not counted); longer ones are dropped, and nobody
    /// is told. Null for no limit.
    /// </summary>
    public int? Mtu { get; init; }

    /// <summary>What may wait for the rate. It has no effect without one.</summary>
    public QueueLimit Queue { get; init; }

    /// <summary>Nothing is set: a frame comes out as and when it went in.</summary>
    public bool IsNone => this == None;

    /// <summary>Anything depends on chance.</summary>
    internal bool UsesChance =>
        Jitter > TimeSpan.Zero || LossPercent > 0 || DuplicatePercent > 0 || ReorderPercent > 0 || CorruptPercent > 0;

    /// <summary>Checks what each value alone does not show.</summary>
    /// <param name="error">What to change, in words for the user, if the result is false.</param>
    public bool IsPossible([NotNullWhen(false)] out string? error)
    {
        double shortestBurst = LossPercent < 100 ? LossPercent / (100 - LossPercent) : 0;
        if (Jitter > Delay)
        {
            error = $"jitter={Quantity.Duration.Write(Jitter)} is more than the delay, and no frame arrives before it was " +
                $"sent: give delay={Quantity.Duration.Write(Jitter)} or more";
        }
        else if (ReorderPercent > 0 && Delay == TimeSpan.Zero)
        {
            error = $"reorder={Quantity.Percentage.Write(ReorderPercent)} needs a delay, which those frames skip: add " +
                "delay=10ms, for example";
        }
        else if (Burst < shortestBurst)
        {
            error = $"burst={Quantity.Frames.Write(Burst.Value)} is too short for " +
                $"loss={Quantity.Percentage.Write(LossPercent)}: give burst={Math.Ceiling(shortestBurst)} or more";
        }
        else
        {
            error = null;
        }
        return error is null;
    }
}
