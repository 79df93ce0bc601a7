using Pyco.Stack;
using Pyco.Stack.Offload;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Switching;

/// <summary>
/// An Ethernet switch without I/O: ports give frames in and take frames out. It learns addresses, keeps VLANs apart
/// (IEEE 802.1Q), and passes a frame by reference where one port is to have it. One loop owns a switch and its ports.
/// </summary>
/// <remarks>It has no spanning tree. What it does about a second cable to the same switch is <see cref="LoopGuard"/>'s.</remarks>
/// <param name="memory">Where copies of flooded frames are rented, and the parts of those that a wire has to take.</param>
/// <param name="clock">The moment, for the ageing of addresses.</param>
public sealed class Switch(StackMemory memory, Func<Instant> clock)
{
    /// <summary>The VLAN of ports that were told nothing, as vde_switch has it.</summary>
    public const int DefaultVlan = 0;

    /// <summary>More ports than a process may have descriptors.</summary>
    public const int DefaultPortLimit = 65_535;

    private readonly PortTable _ports = new();
    private readonly SortedSet<int> _vlans = [DefaultVlan];
    private readonly List<IFrameTap> _taps = [];

    /// <summary>The ports by number.</summary>
    public IReadOnlyList<SwitchPort> Ports => _ports.Ports;

    /// <summary>What was set for ports, whether somebody is there or not, by number.</summary>
    public IReadOnlyCollection<PortSettings> PortSettings => _ports.Settings;

    /// <summary>The highest port number. It must not be lower than one in use.</summary>
    public int PortLimit
    {
        get => _ports.Limit;
        set => _ports.Limit = value;
    }

    /// <summary>The VLANs that ports may be put into.</summary>
    public IReadOnlyCollection<int> Vlans => _vlans;

    public MacTable Stations { get; } = new(clock);

    /// <summary>True to send every frame to every port, as a hub does.</summary>
    public bool IsHub { get; set; }

    /// <summary>Looks for loops, if it is there.</summary>
    public LoopGuard? LoopGuard { get; set; }

    /// <summary>Called with each port that has come.</summary>
    public Action<SwitchPort>? Added { get; set; }

    /// <summary>Called with each port that has gone, its number still on it.</summary>
    public Action<SwitchPort>? Removed { get; set; }

    /// <summary>Where frames that the switch makes itself are rented.</summary>
    internal FramePool Frames => memory.Frames;

    /// <summary>Puts a port in and gives it the wanted number, or the lowest free one for 0.</summary>
    /// <param name="port">The port.</param>
    /// <param name="wanted">The number, or 0.</param>
    /// <param name="mayHave">Whether it may have the port of these settings; null for any.</param>
    /// <returns>False if there is a port of that number, or none that it may have.</returns>
    public bool TryAdd(SwitchPort port, int wanted = 0, Predicate<PortSettings>? mayHave = null)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (_ports.Choose(wanted, mayHave) is not { } settings)
            return false;
        _ports.Add(port, settings);
        port.PlugInto(this, settings);
        Added?.Invoke(port);
        return true;
    }

    /// <summary>Takes a port out, with all that was learned at it.</summary>
    public void Remove(SwitchPort port)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (!_ports.Remove(port))
            return;
        port.PlugInto(null, null);
        Stations.Forget(port);
        LoopGuard?.Forget(port);
        foreach (SwitchPort other in Ports)
        {
            if (other.Mirror == port)
                other.Mirror = null;
        }
        Removed?.Invoke(port);
    }

    public SwitchPort? FindPort(int number) => _ports.Find(number);

    /// <summary>What was set for a port that is in use or was created; null for any other.</summary>
    public PortSettings? FindSettings(int number) => _ports.FindSettings(number);

    /// <summary>Makes a port without a plug, for those who ask for its number.</summary>
    /// <returns>Null if there is one of that number, or it is no number for a port.</returns>
    public PortSettings? TryCreatePort(int number) => _ports.TryCreate(number);

    /// <summary>Makes one with the lowest number that is free.</summary>
    public PortSettings? TryCreatePort() => _ports.Choose(0, null) is { } free ? _ports.TryCreate(free.Number) : null;

    /// <summary>Forgets what was set for a port.</summary>
    /// <returns>False if it is in use, or there is none.</returns>
    public bool TryRemovePort(int number) => _ports.TryForget(number);

    /// <summary>Shows the tap every frame from now on.</summary>
    public void Add(IFrameTap tap) => _taps.Add(tap);

    public void Remove(IFrameTap tap) => _taps.Remove(tap);

    public bool TryCreateVlan(int vlan) => vlan is > DefaultVlan and <= VlanTag.MaximumId && _vlans.Add(vlan);

    /// <summary>Ends a VLAN that no port is a member of.</summary>
    public bool TryRemoveVlan(int vlan)
    {
        if (vlan == DefaultVlan || _ports.Settings.Any(settings => settings.IsMember(vlan)) || !_vlans.Remove(vlan))
            return false;
        Stations.ForgetVlan(vlan);
        return true;
    }

    /// <summary>Says which VLAN the port's untagged frames are of; null for none.</summary>
    /// <returns>False if there is no such VLAN.</returns>
    public bool TrySetUntaggedVlan(PortSettings port, int? vlan)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (vlan is { } known && !_vlans.Contains(known))
            return false;
        port.UntaggedVlan = vlan;
        if (vlan is { } untagged)
            port.RemoveTagged(untagged);
        ForgetStationsOf(port);
        return true;
    }

    /// <summary>Makes the port a member of a VLAN, whose frames carry tags there unless it is the untagged one.</summary>
    /// <returns>False if there is no such VLAN.</returns>
    public bool TryAddTagged(PortSettings port, int vlan)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (!_vlans.Contains(vlan))
            return false;
        if (port.UntaggedVlan != vlan)
            port.AddTagged(vlan);
        return true;
    }

    /// <summary>Ends a membership with tags.</summary>
    /// <returns>False if there is no such VLAN, or it is the untagged one.</returns>
    public bool TryRemoveTagged(PortSettings port, int vlan)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (!_vlans.Contains(vlan) || port.UntaggedVlan == vlan)
            return false;
        if (port.RemoveTagged(vlan))
            ForgetStationsOf(port);
        return true;
    }

    /// <summary>Takes a frame that came in at a port to where it belongs.</summary>
    internal void Receive(SwitchPort from, Frame frame)
    {
        PortCounters counters = from.Counters;
        counters.FramesIn++;
        counters.OctetsIn += frame.Length;
        if (!EthernetHeader.TryParse(frame.Head, out EthernetHeader header) || header.Source.IsGroup)
        {
            counters.DroppedMalformed++;
            frame.Dispose();
            return;
        }
        MacAddress destination = header.Destination;
        MacAddress source = header.Source;
        if (_taps.Count > 0)
            Tap(from, FrameDirection.Inbound, frame);
        if (!TryFindVlan(from, header.Type, frame, out int vlan))
        {
            counters.DroppedVlan++;
            frame.Dispose();
            return;
        }
        Instant now = clock();
        if (destination == LoopGuard.Group && LoopGuard is not null && LoopGuard.TryTake(from, vlan, frame, now))
            return;
        if (from.IsBlocked)
        {
            counters.DroppedBlocked++;
            frame.Dispose();
            return;
        }
        bool hasMoved = Stations.Learn(from, vlan, source, now);
        if (from.Mirror is not null)
            CopyToMirror(from, vlan, frame);
        if (!IsHub && !destination.IsGroup && Stations.Find(vlan, destination, now) is { } to)
            Forward(from, to, vlan, frame);
        else
            Flood(from, vlan, frame);
        if (hasMoved)
            LoopGuard?.OnMove(vlan, now); // after the frame, so that what it does cannot overtake it
    }

    /// <summary>Sends a frame out of a port, with the VLAN's tag if it has one there.</summary>
    internal void Send(SwitchPort to, int vlan, Frame frame)
    {
        if (to.Mirror is not null)
            CopyToMirror(to, vlan, frame);
        Transmit(to, isTagged: to.UntaggedVlan != vlan, vlan, frame);
    }

    internal void ForgetStationsOf(PortSettings settings)
    {
        if (FindPort(settings.Number) is { } port)
            Stations.Forget(port);
    }

    private static bool TryFindVlan(SwitchPort from, ushort type, Frame frame, out int vlan)
    {
        vlan = from.UntaggedVlan ?? -1;
        if (type != EtherType.VlanTag)
            return vlan >= 0;
        if (VlanTag.Remove(frame) is not { } tagged)
            return false;
        if (from.IsMember(tagged))
            vlan = tagged;
        else if (tagged != VlanTag.PriorityId)
            return false;
        return vlan >= 0;
    }

    private void Forward(SwitchPort from, SwitchPort to, int vlan, Frame frame)
    {
        if (to == from)
            frame.Dispose(); // both stations are behind one port, such as another switch
        else
            Send(to, vlan, frame);
    }

    private void Flood(SwitchPort from, int vlan, Frame frame)
    {
        SwitchPort? last = null;
        // Whoever sends on at once, as a hub's neighbour might, must not find a list that changes.
        for (int index = 0; index < Ports.Count; index++)
        {
            SwitchPort port = Ports[index];
            if (port == from || port.IsBlocked || !port.IsMember(vlan))
                continue;
            if (last is not null)
                Send(last, vlan, Copy(frame));
            last = port;
        }
        if (last is not null)
            Send(last, vlan, frame);
        else
            frame.Dispose();
    }

    /// <summary>A mirror sees frames of every VLAN as they are, whatever it is a member of.</summary>
    private void CopyToMirror(SwitchPort port, int vlan, Frame frame)
    {
        if (!port.Mirror!.IsBlocked)
            Transmit(port.Mirror, isTagged: port.UntaggedVlan != vlan, vlan, Copy(frame));
    }

    private void Transmit(SwitchPort to, bool isTagged, int vlan, Frame frame)
    {
        if (IsForWire(frame) || (to.TakesSuperSegments && !isTagged))
        {
            TransmitOne(to, isTagged, vlan, frame);
            return;
        }
        SegmentSplitter splitter = new(frame);
        while (splitter.TryTake(memory.Frames, out Frame? part))
            TransmitOne(to, isTagged, vlan, part);
    }

    private void TransmitOne(SwitchPort to, bool isTagged, int vlan, Frame frame)
    {
        if (isTagged)
            VlanTag.Insert(frame, vlan);
        if (_taps.Count > 0)
            Tap(to, FrameDirection.Outbound, frame);
        to.Transmit(frame);
    }

    /// <summary>Shows the taps what a wire would carry.</summary>
    private void Tap(SwitchPort port, FrameDirection direction, Frame frame)
    {
        if (!IsWanted(port, direction))
            return;
        if (IsForWire(frame))
        {
            Record(port, direction, frame);
            return;
        }
        SegmentSplitter splitter = new(Copy(frame));
        while (splitter.TryTake(memory.Frames, out Frame? part))
        {
            Record(port, direction, part);
            part.Dispose();
        }
    }

    private void Record(SwitchPort port, FrameDirection direction, Frame frame)
    {
        foreach (IFrameTap tap in _taps)
        {
            if (tap.Wants(port, direction))
                tap.Record(port, direction, frame);
        }
    }

    private bool IsWanted(SwitchPort port, FrameDirection direction)
    {
        foreach (IFrameTap tap in _taps)
        {
            if (tap.Wants(port, direction))
                return true;
        }
        return false;
    }

    private static bool IsForWire(Frame frame) => frame is { SegmentSize: 0, LacksChecksum: false };

    private Frame Copy(Frame frame)
    {
        FramePool pool = FramePool.DefaultHeadroom + frame.Length <= memory.Frames.FrameCapacity ? memory.Frames : memory.LargeFrames;
        Frame copy = pool.Rent();
        copy.AppendCopyOf(frame);
        return copy;
    }
}
