using Pyco.Stack.Wire;

namespace Pyco.Vde.Switching;

/// <summary>A port of a <see cref="Switch"/> and the station behind it.</summary>
public abstract class SwitchPort
{
    private static readonly PortSettings Unplugged = new(0);

    /// <summary>From 1 on, as vde_switch counts; 0 while the port is in no switch.</summary>
    public int Number { get; internal set; }

    /// <summary>Who is behind it, for people.</summary>
    public string Description { get; protected init; } = "";

    /// <summary>The user who plugged it in.</summary>
    public uint UserId { get; protected init; }

    public PortCounters Counters { get; } = new();

    /// <summary>What was set for its number.</summary>
    public PortSettings Settings { get; private set; } = Unplugged;

    /// <summary>The VLAN of the port's untagged frames (IEEE 802.1Q's PVID), or null to take none.</summary>
    public int? UntaggedVlan => Settings.UntaggedVlan;

    /// <summary>The VLANs whose frames carry tags at this port.</summary>
    public IReadOnlyCollection<int> TaggedVlans => Settings.TaggedVlans;

    /// <summary>Where all that passes this port is copied to, or null.</summary>
    public SwitchPort? Mirror { get; set; }

    /// <summary>What the cable of this port does to frames, or null for nothing.</summary>
    public PortImpairment? Impairment { get; set; }

    /// <summary>True while no frame passes, because the port is one end of a loop.</summary>
    public bool IsBlocked { get; internal set; }

    /// <summary>True if frames need not be what a wire takes, because they stay in this process.</summary>
    protected internal virtual bool TakesSuperSegments => false;

    /// <summary>True if another switch may be behind it, and so a way back to this one.</summary>
    protected internal virtual bool MayLoop => false;

    /// <summary>The switch, while the port is in one.</summary>
    protected Switch? Owner { get; private set; }

    /// <summary>The station's address that was learned last, and when: it needs no look into the table for every frame.</summary>
    internal (ulong Key, long Ticks) LastLearned { get; set; }

    internal bool IsMember(int vlan) => Settings.IsMember(vlan);

    internal void PlugInto(Switch? owner, PortSettings? settings)
    {
        Owner = owner;
        Settings = settings ?? Unplugged;
        IsBlocked = false;
    }

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

    /// <summary>Drops what has waited for longest if the next frame would find no room.</summary>
    protected internal virtual void MakeRoom()
    {
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
