using Pyco.Stack.Wire;

namespace Pyco.Vde.Switching;

/// <summary>A port of a <see cref="Switch"/> and the station behind it.</summary>
public abstract class SwitchPort
{
    private readonly SortedSet<int> _taggedVlans = [];

    /// <summary>From 1 on, as vde_switch counts; 0 while the port is in no switch.</summary>
    public int Number { get; internal set; }

    /// <summary>Who is behind it, for people.</summary>
    public string Description { get; protected init; } = "";

    /// <summary>The user who plugged it in.</summary>
    public uint UserId { get; protected init; }

    public PortCounters Counters { get; } = new();

    /// <summary>The VLAN of the port's untagged frames (IEEE 802.1Q's PVID), or null to take none.</summary>
    public int? UntaggedVlan { get; internal set; } = Switch.DefaultVlan;

    /// <summary>The VLANs whose frames carry tags at this port.</summary>
    public IReadOnlyCollection<int> TaggedVlans => _taggedVlans;

    /// <summary>Where all that passes this port is copied to, or null.</summary>
    public SwitchPort? Mirror { get; set; }

    /// <summary>What the cable of this port does to frames, or null for nothing.</summary>
    public PortImpairment? Impairment { get; set; }

    /// <summary>True if frames need not be what a wire takes, because they stay in this process.</summary>
    protected internal virtual bool TakesSuperSegments => false;

    /// <summary>The switch, while the port is in one.</summary>
    protected Switch? Owner { get; private set; }

    /// <summary>The station's address that was learned last, and when: it needs no look into the table for every frame.</summary>
    internal (ulong Key, long Ticks) LastLearned { get; set; }

    internal bool IsTagged(int vlan) => _taggedVlans.Contains(vlan);

    internal bool AddTagged(int vlan) => _taggedVlans.Add(vlan);

    internal bool RemoveTagged(int vlan) => _taggedVlans.Remove(vlan);

    internal bool IsMember(int vlan) => UntaggedVlan == vlan || IsTagged(vlan);

    internal void PlugInto(Switch? owner) => Owner = owner;

    /// <summary>Gives a frame to the station; the port disposes it, sent or dropped.</summary>
    internal void Transmit(Frame frame)
    {
        Counters.FramesOut++;
        Counters.OctetsOut += frame.Length;
        if (Impairment is { } impairment)
            impairment.ToStation(frame);
        else
            Deliver(frame);
    }

    /// <summary>The frame has come to the end of the cable.</summary>
    internal void Arrive(Frame frame) => Deliver(frame);

    /// <summary>The frame has come to the switch's end of the cable.</summary>
    internal void Enter(Frame frame)
    {
        if (Owner is { } owner)
            owner.Receive(this, frame);
        else
            frame.Dispose();
    }

    /// <summary>Takes the frame on its way to the station.</summary>
    protected abstract void Deliver(Frame frame);

    /// <summary>Takes a frame from the station into the switch.</summary>
    protected void TakeFromStation(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (Impairment is { } impairment)
            impairment.FromStation(frame);
        else
            Enter(frame);
    }
}
