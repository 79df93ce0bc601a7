namespace Pyco.Stack.Tests.Testing;

/// <summary>What a <see cref="SimulatedWire"/> does to frames, the same in both directions. Shares are from 0 to 1.</summary>
public sealed record WireConditions
{
    /// <summary>From one end to the other, one way.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Up to this much is added to the delay, without changing the order.</summary>
    public TimeSpan Jitter { get; init; }

    public double Loss { get; init; }

    /// <summary>The share of frames that are held back so long that later ones overtake them.</summary>
    public double Reorder { get; init; }

    public double Duplicate { get; init; }

    /// <summary>
    /// The share of IPv4 packets with one flipped bit. Ethernet's header and ARP are spared: they have no checksum of
    /// their own, and on a real wire the FCS would have dropped the frame.
    /// </summary>
    public double Corrupt { get; init; }

    /// <summary>Octets per second and direction; null for a wire that takes no time to write on.</summary>
    public long? Rate { get; init; }

    /// <summary>Octets that wait for the wire before it drops; needs a <see cref="Rate"/>.</summary>
    public int Queue { get; init; } = int.MaxValue;

    /// <summary>Frames that the wire says its queue holds; null if it says nothing.</summary>
    public int? KnownQueue { get; init; }

    public int Mtu { get; init; } = 1500;

    /// <summary>See <see cref="Pyco.Stack.Link.ILink.MaxSuperSegment"/>; the wire then trusts checksums too.</summary>
    public int MaxSuperSegment { get; init; }

    /// <summary>Super-segments are cut at one edge of the wire and joined at the other, checksums filled in and verified.</summary>
    public bool IsSplit { get; init; }
}
