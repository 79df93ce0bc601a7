using Pyco.Stack.Wire;

namespace Pyco.Stack;

/// <summary>What the stack has done since it was made, for diagnostics.</summary>
public sealed class StackCounters
{
    private readonly long[] _drops = new long[Enum.GetValues<DropReason>().Length];

    public long FramesReceived { get; internal set; }

    public long FramesSent { get; internal set; }

    public long OctetsReceived { get; internal set; }

    public long OctetsSent { get; internal set; }

    /// <summary>ARP packets of others that claimed one of our addresses (RFC 5227).</summary>
    public long AddressConflicts { get; internal set; }

    /// <summary>How many packets were dropped for the reason.</summary>
    public long Dropped(DropReason reason) => _drops[(int)reason];

    internal void Drop(DropReason reason) => _drops[(int)reason]++;

    /// <summary>Takes the frame and counts why it goes.</summary>
    internal void Drop(Frame frame, DropReason reason)
    {
        _drops[(int)reason]++;
        frame.Dispose();
    }
}
