namespace Pyco.Vde.Switching;

/// <summary>What a port of the switch has seen; "in" is from the station into the switch.</summary>
public sealed class PortCounters
{
    public long FramesIn { get; internal set; }

    public long OctetsIn { get; internal set; }

    public long FramesOut { get; internal set; }

    public long OctetsOut { get; internal set; }

    /// <summary>Frames from the station that are no Ethernet frames, or come from a group address.</summary>
    public long DroppedMalformed { get; internal set; }

    /// <summary>Frames of a VLAN that the port is not a member of.</summary>
    public long DroppedVlan { get; internal set; }

    /// <summary>Frames to the station that found its queue full, because it does not keep up.</summary>
    public long DroppedQueueFull { get; internal set; }

    /// <summary>Frames to the station that are longer than it takes.</summary>
    public long DroppedOverlong { get; internal set; }

    /// <summary>Frames of a port that is blocked, because it is one end of a loop.</summary>
    public long DroppedBlocked { get; internal set; }

    /// <summary>All frames that were dropped here, for whatever reason.</summary>
    public long Dropped => DroppedMalformed + DroppedVlan + DroppedQueueFull + DroppedOverlong + DroppedBlocked;

    /// <summary>Counts what passes from zero again; what was dropped stays.</summary>
    public void ResetTraffic() => (FramesIn, OctetsIn, FramesOut, OctetsOut) = (0, 0, 0, 0);
}
