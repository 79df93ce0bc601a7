using Pyco.Stack;
using Pyco.Stack.Offload;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Switching;

/// <summary>
/// An Ethernet switch without I/O: ports give frames in and take frames out. It learns addresses, keeps VLANs apart
/// (IEEE 802.1Q), and passes a frame by reference where one port is to have it. One loop owns a switch and its ports.
/// </summary>
/// <remarks>
/// It does not look for loops (no spanning tree): two switches are to be joined by one cable. Addresses that move between
/// ports all the time, which <see cref="MacTable.Moves"/> counts, are the sign of a second one.
/// </remarks>
/// <param name="memory">Where copies of flooded frames are rented, and the parts of those that a wire has to take.</param>
/// <param name="clock">The moment, for the ageing of addresses.</param>
public sealed class Switch(StackMemory memory, Func<Instant> clock)
{
    /// <summary>The VLAN of ports that were told nothing, as vde_switch has it.</summary>
    public const int DefaultVlan = 0;

    private readonly List<SwitchPort> _ports = [];
    private readonly SortedSet<int> _vlans = [DefaultVlan];
    private readonly List<IFrameTap> _taps = [];

    /// <summary>The ports by number.</summary>
    public IReadOnlyList<SwitchPort> Ports => _ports;

    /// <summary>The VLANs that ports may be put into.</summary>
    public IReadOnlyCollection<int> Vlans => _vlans;

    public MacTable Stations { get; } = new();

    /// <summary>True to send every frame to every port, as a hub does.</summary>
    public bool IsHub { get; set; }

    /// <summary>Puts a port in and gives it the wanted number, or the lowest free one for 0.</summary>
    /// <returns>False if there is a port of that number.</returns>
    public bool TryAdd(SwitchPort port, int wanted = 0)
    {
        ArgumentNullException.ThrowIfNull(port);
        int index = wanted > 0 ? PlaceOf(wanted) : FirstGap();
        if (wanted > 0 && index < _ports.Count && _ports[index].Number == wanted)
            return false;
        port.Number = wanted > 0 ? wanted : index + 1;
        _ports.Insert(index, port);
        port.PlugInto(this);
        return true;
    }

    /// <summary>Takes a port out, with all that was learned at it.</summary>
    public void Remove(SwitchPort port)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (!_ports.Remove(port))
            return;
        port.PlugInto(null);
        Stations.Forget(port);
        foreach (SwitchPort other in _ports)
        {
            if (other.Mirror == port)
                other.Mirror = null;
        }
    }

    public SwitchPort? FindPort(int number)
    {
        int index = PlaceOf(number);
        return index < _ports.Count && _ports[index].Number == number ? _ports[index] : null;
    }

    /// <summary>Shows the tap every frame from now on.</summary>
    public void Add(IFrameTap tap) => _taps.Add(tap);

    public void Remove(IFrameTap tap) => _taps.Remove(tap);

    public bool TryCreateVlan(int vlan) => vlan is > DefaultVlan and <= VlanTag.MaximumId && _vlans.Add(vlan);

    /// <summary>Ends a VLAN that no port has as its untagged one.</summary>
    public bool TryRemoveVlan(int vlan)
    {
        if (vlan == DefaultVlan || _ports.Exists(port => port.UntaggedVlan == vlan) || !_vlans.Remove(vlan))
            return false;
        foreach (SwitchPort port in _ports)
            port.RemoveTagged(vlan);
        Stations.ForgetVlan(vlan);
        return true;
    }

    /// <summary>Says which VLAN the port's untagged frames are of; null for none.</summary>
    /// <returns>False if there is no such VLAN.</returns>
    public bool TrySetUntaggedVlan(SwitchPort port, int? vlan)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (vlan is { } known && !_vlans.Contains(known))
            return false;
        port.UntaggedVlan = vlan;
        if (vlan is { } tagged)
            port.RemoveTagged(tagged);
        Stations.Forget(port);
        return true;
    }

    /// <summary>Makes the port a member of a VLAN whose frames carry tags there.</summary>
    public bool TryAddTagged(SwitchPort port, int vlan)
    {
        ArgumentNullException.ThrowIfNull(port);
        return _vlans.Contains(vlan) && port.UntaggedVlan != vlan && port.AddTagged(vlan);
    }

    public bool TryRemoveTagged(SwitchPort port, int vlan)
    {
        ArgumentNullException.ThrowIfNull(port);
        bool isRemoved = port.RemoveTagged(vlan);
        if (isRemoved)
            Stations.Forget(port);
        return isRemoved;
    }

    /// <summary>Takes a frame that came in at a port to where it belongs.</summary>
    internal void Receive(SwitchPort from, Frame frame)
    {
        PortCounters counters = from.Counters;
        counters.FramesIn++;
        counters.OctetsIn += frame.Length;
        if (!EthernetHeader.TryParse(frame.Octets, out EthernetHeader header) || header.Source.IsGroup)
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
        Stations.Learn(from, vlan, source, now);
        if (from.Mirror is not null)
            CopyToMirror(from, vlan, frame);
        if (!IsHub && !destination.IsGroup && Stations.Find(vlan, destination, now) is { } to)
            Forward(from, to, vlan, frame);
        else
            Flood(from, vlan, frame);
    }

    private static bool TryFindVlan(SwitchPort from, ushort type, Frame frame, out int vlan)
    {
        vlan = from.UntaggedVlan ?? -1;
        if (type == EtherType.VlanTag)
            vlan = VlanTag.Remove(frame) is { } tagged && from.IsTagged(tagged) ? tagged : -1;
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
        for (int index = 0; index < _ports.Count; index++)
        {
            SwitchPort port = _ports[index];
            if (port == from || !port.IsMember(vlan))
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

    private void Send(SwitchPort to, int vlan, Frame frame)
    {
        if (to.Mirror is not null)
            CopyToMirror(to, vlan, frame);
        Transmit(to, isTagged: to.UntaggedVlan != vlan, vlan, frame);
    }

    /// <summary>A mirror sees frames of every VLAN as they are, whatever it is a member of.</summary>
    private void CopyToMirror(SwitchPort port, int vlan, Frame frame) =>
        Transmit(port.Mirror!, isTagged: port.UntaggedVlan != vlan, vlan, Copy(frame));

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
            tap.Record(port, direction, frame);
    }

    private static bool IsForWire(Frame frame) => frame is { SegmentSize: 0, LacksChecksum: false };

    private Frame Copy(Frame frame)
    {
        FramePool pool = FramePool.DefaultHeadroom + frame.Length <= memory.Frames.FrameCapacity ? memory.Frames : memory.LargeFrames;
        Frame copy = pool.Rent();
        frame.Octets.CopyTo(copy.Append(frame.Length));
        copy.SegmentSize = frame.SegmentSize;
        copy.LacksChecksum = frame.LacksChecksum;
        return copy;
    }

    /// <summary>Where the port of this number is, or would be put.</summary>
    private int PlaceOf(int number)
    {
        int low = 0;
        int high = _ports.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ports[middle].Number < number)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>The lowest index whose number is free: all before it are numbered without a gap.</summary>
    private int FirstGap()
    {
        int low = 0;
        int high = _ports.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ports[middle].Number == middle + 1)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
