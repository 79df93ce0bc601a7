using System.Buffers.Binary;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Switching;

/// <summary>
/// Finds cables by which a switch's own frames come back to it, and blocks one of the two ports, as one broadcast would
/// else run in circles for ever.
/// </summary>
/// <remarks>
/// A station that moves from one port to another is what every loop shows at once, and what nothing else does often. The
/// guard then sends a probe out of each port that may loop. Only a probe that comes back, again after a while, is proof:
/// of two ports the one with the higher number is blocked. A probe carries a token that is known nowhere but behind its
/// port, so that nobody can have a port blocked that he is not behind. While a port is blocked probes go on, slowly; it
/// opens when they stay away, or when the other port's plug leaves.
/// <para>
/// This is no spanning tree: it knows nothing of other switches, does not choose the better cable, and a loop that leads
/// through several of our VLANs is not seen.
/// </para>
/// <para>
/// Two switches of ours that find the same loop could each cut another cable of it. Therefore the one whose probes come from
/// the lower address decides, and the other, which hears those probes, waits longer before it blocks. Should both have
/// blocked nevertheless, neither sees the loop any more: they open after lengths of time that differ by chance, and whoever
/// opens first shows the other that its own port has to stay blocked.
/// </para>
/// </remarks>
public sealed class LoopGuard
{
    /// <summary>The shortest time between two rounds of probes.</summary>
    public static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(20);

    /// <summary>How often probes are sent while a port is blocked.</summary>
    public static readonly TimeSpan WatchPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A blocked port opens when no probe has come back for so long, or, by chance, up to twice as long: many rounds, as a
    /// busy cable loses probes too.
    /// </summary>
    public static readonly TimeSpan WatchPatience = TimeSpan.FromSeconds(10);

    /// <summary>Where probes go: a group address of nobody's, which every switch floods.</summary>
    internal static readonly MacAddress Group = new([0x03, (byte)'p', (byte)'y', (byte)'c', (byte)'o', (byte)'L']);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SuspicionLife = TimeSpan.FromSeconds(1);

    /// <summary>A loop of two ports is ours to cut. One behind a single port may be cut by the switches that make it.</summary>
    private static readonly TimeSpan PairDelay = TimeSpan.FromMilliseconds(30);

    private static readonly TimeSpan SingleDelay = TimeSpan.FromSeconds(2);

    /// <summary>The longest delay, in shortest ones.</summary>
    private const int DelaySpread = 5;

    /// <summary>Who leaves it to another switch waits for longer than that one's longest delay, and a full queue's on the way.</summary>
    private static readonly TimeSpan DeferenceDelay = PairDelay * 2 * DelaySpread;

    /// <summary>IEEE 802's EtherType for local experiments.</summary>
    private const ushort ProbeType = 0x88b5;

    private const int TokenLength = sizeof(ulong);
    private const int ProbeLength = 60; // Ethernet's shortest frame without FCS

    private readonly Switch _switch;
    private readonly Entropy _entropy;
    private readonly Action<string> _log;
    private readonly Dictionary<ulong, SwitchPort> _ports = [];
    private readonly Dictionary<SwitchPort, ulong> _tokens = [];
    private readonly Dictionary<SwitchPort, Finding> _suspected = [];
    private readonly Dictionary<SwitchPort, Finding> _blocked = [];
    private TimeSpan _pause = ShortestPause;
    private Instant? _lastMove;
    private Instant? _lastElder;
    private Instant _nextRound;

    /// <param name="guarded">The switch.</param>
    /// <param name="entropy">For tokens and delays.</param>
    /// <param name="log">Told when a port is blocked, and when it opens.</param>
    public LoopGuard(Switch guarded, Entropy entropy, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        _switch = guarded;
        _entropy = entropy;
        _log = log;
        Span<byte> octets = stackalloc byte[MacAddress.Length];
        entropy.Fill(octets);
        octets[0] = 0x02; // locally administered
        Mac = new MacAddress(octets);
    }

    /// <summary>The address that probes come from.</summary>
    public MacAddress Mac { get; }

    /// <summary>Called when <see cref="Advance"/> is due earlier than it said.</summary>
    public Action? Woken { get; set; }

    /// <summary>Does what is due.</summary>
    /// <returns>When there is more to do, or null.</returns>
    public Instant? Advance(Instant now)
    {
        foreach ((SwitchPort port, Finding finding) in _suspected)
        {
            if (now - finding.LastSeen > SuspicionLife)
                _suspected.Remove(port); // allowed while enumerating a dictionary
        }
        foreach ((SwitchPort port, Finding finding) in _blocked)
        {
            if (now - finding.LastSeen > finding.Patience)
                Open(port, "the loop is gone");
        }
        if (_suspected.Count + _blocked.Count == 0)
            return null;
        TimeSpan pause = _suspected.Count > 0 ? ShortestPause : WatchPause;
        if (now >= _nextRound || _nextRound - now > pause)
        {
            foreach (int vlan in _suspected.Values.Concat(_blocked.Values).Select(finding => finding.Vlan).Distinct().ToArray())
                Probe(vlan);
            _nextRound = now + pause;
        }
        return _nextRound;
    }

    /// <summary>A station was heard at another port than before.</summary>
    internal void OnMove(int vlan, Instant now)
    {
        if (_lastMove is not { } last || now - last > QuietTime)
            _pause = ShortestPause;
        _lastMove = now;
        if (now < _nextRound)
            return;
        Probe(vlan);
        _nextRound = now + _pause;
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }

    /// <summary>Takes a frame if it is a probe of this switch.</summary>
    internal bool TryTake(SwitchPort at, int vlan, Frame frame, Instant now)
    {
        ReadOnlySpan<byte> octets = frame.Head;
        const int vlanOffset = EthernetHeader.Length + TokenLength;
        if (octets.Length < vlanOffset + sizeof(ushort))
            return false;
        if (!_ports.TryGetValue(BinaryPrimitives.ReadUInt64BigEndian(octets[EthernetHeader.Length..]), out SwitchPort? from))
        {
            if (new MacAddress(octets.Slice(MacAddress.Length, MacAddress.Length)).ToUInt64() < Mac.ToUInt64())
                _lastElder = now;
            return false;
        }
        bool isSameVlan = BinaryPrimitives.ReadUInt16BigEndian(octets[vlanOffset..]) == vlan;
        frame.Dispose();
        if (isSameVlan)
            OnReturn(from, at, vlan, now);
        return true;
    }

    internal void Forget(SwitchPort port)
    {
        if (_tokens.Remove(port, out ulong token))
            _ports.Remove(token);
        _suspected.Remove(port);
        _blocked.Remove(port);
        foreach ((SwitchPort suspected, Finding finding) in _suspected)
        {
            if (finding.Other == port)
                _suspected.Remove(suspected);
        }
        foreach ((SwitchPort blocked, Finding finding) in _blocked)
        {
            if (finding.Other == port)
                Open(blocked, $"port {port.Number} is free");
        }
    }

    private void OnReturn(SwitchPort from, SwitchPort at, int vlan, Instant now)
    {
        SwitchPort loser = from.Number > at.Number ? from : at;
        SwitchPort other = from.Number > at.Number ? at : from;
        if (_blocked.TryGetValue(loser, out Finding blocked))
        {
            _blocked[loser] = blocked with { LastSeen = now };
            return;
        }
        if (other.IsBlocked)
            return; // it was sent or came in by a port that is blocked: no other frame goes that way
        bool isKnown = _suspected.TryGetValue(loser, out Finding finding) && now - finding.LastSeen <= SuspicionLife;
        if (!isKnown || (finding.Other == loser && other != loser))
            finding = new Finding(vlan, other, now + Delay(other != loser ? PairDelay : SingleDelay), now);
        finding = finding with { LastSeen = now };
        if (now < finding.ConfirmAt)
            _suspected[loser] = finding;
        else if (other != loser && !finding.HasDeferred && HearsElder(now))
            _suspected[loser] = finding with { HasDeferred = true, ConfirmAt = now + Delay(DeferenceDelay) };
        else
            Block(loser, finding);
        Woken?.Invoke();
    }

    private bool HearsElder(Instant now) => _lastElder is { } heard && now - heard <= SuspicionLife;

    private TimeSpan Delay(TimeSpan shortest) =>
        shortest + TimeSpan.FromMilliseconds(_entropy.Next((int)shortest.TotalMilliseconds * (DelaySpread - 1)));

    private void Block(SwitchPort port, Finding finding)
    {
        _suspected.Remove(port);
        TimeSpan chance = TimeSpan.FromMilliseconds(_entropy.Next((int)WatchPatience.TotalMilliseconds));
        _blocked.Add(port, finding with { Patience = WatchPatience + chance });
        port.IsBlocked = true;
        _switch.Stations.Forget(port);
        _log(finding.Other == port
            ? $"port {port.Number} is blocked: what is sent there comes back, so there is a loop behind it"
            : $"port {port.Number} is blocked: it leads to the same switch as port {finding.Other.Number}; unplug one of them");
    }

    private void Open(SwitchPort port, string reason)
    {
        _blocked.Remove(port);
        port.IsBlocked = false;
        _log($"port {port.Number} is open again: {reason}");
    }

    /// <summary>Sends a probe out of every port by which one might come back.</summary>
    private void Probe(int vlan)
    {
        for (int index = 0; index < _switch.Ports.Count; index++)
        {
            SwitchPort port = _switch.Ports[index];
            if (!port.MayLoop || !port.IsMember(vlan))
                continue;
            port.MakeRoom();
            _switch.Send(port, vlan, MakeProbe(port, vlan));
        }
    }

    private Frame MakeProbe(SwitchPort port, int vlan)
    {
        if (!_tokens.TryGetValue(port, out ulong token))
        {
            token = _entropy.NextUInt64();
            _tokens.Add(port, token);
            _ports.Add(token, port);
        }
        Frame frame = _switch.Frames.Rent();
        Span<byte> octets = frame.Append(ProbeLength);
        octets.Clear();
        EthernetHeader.Write(octets, Group, Mac, ProbeType);
        BinaryPrimitives.WriteUInt64BigEndian(octets[EthernetHeader.Length..], token);
        BinaryPrimitives.WriteUInt16BigEndian(octets[(EthernetHeader.Length + TokenLength)..], (ushort)vlan);
        return frame;
    }

    /// <summary>A port by which probes come back.</summary>
    /// <param name="Vlan">In which VLAN.</param>
    /// <param name="Other">The port at the loop's other end; the same one if the loop is behind it.</param>
    /// <param name="ConfirmAt">A probe that comes back from then on is proof.</param>
    /// <param name="LastSeen">When one last came back.</param>
    private readonly record struct Finding(int Vlan, SwitchPort Other, Instant ConfirmAt, Instant LastSeen)
    {
        /// <summary>It was due, and left to another switch: once, so that forged probes delay a cut and do not prevent it.</summary>
        public bool HasDeferred { get; init; }

        /// <summary>Of a port that is blocked: how long after the last probe it opens.</summary>
        public TimeSpan Patience { get; init; }
    }
}
