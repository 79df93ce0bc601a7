using Pyco.Stack.Wire;

namespace Pyco.Stack.Link;

/// <summary>How well we know a neighbour's link-layer address (RFC 4861 §7.3.2).</summary>
internal enum NeighborState
{
    /// <summary>It has been asked for; packets wait.</summary>
    Incomplete,

    /// <summary>It answered lately.</summary>
    Reachable,

    /// <summary>Known, but not confirmed lately; nothing is done until a packet is sent to it.</summary>
    Stale,

    /// <summary>A packet was sent to a stale address: upper layers have a moment to confirm it.</summary>
    Delay,

    /// <summary>Nobody confirmed it: it is asked directly.</summary>
    Probe,

    /// <summary>It did not answer. The next packet starts over.</summary>
    Failed,
}

/// <summary>A host on the same wire.</summary>
internal sealed class Neighbor(IpAddress address)
{
    public IpAddress Address { get; } = address;

    public NeighborState State { get; set; }

    public MacAddress Mac { get; set; }

    /// <summary>When <see cref="NeighborState.Reachable"/> decays to Stale.</summary>
    public Instant ReachableUntil { get; set; }

    public Instant LastUsed { get; set; }

    /// <summary>When the present state wants something done.</summary>
    public Deadline Timer;

    /// <summary>Requests sent in the present state.</summary>
    public int Solicitations { get; set; }

    /// <summary>Packets that wait for the link-layer address.</summary>
    public Queue<Frame> Waiting { get; } = new();
}
