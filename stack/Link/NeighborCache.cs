using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Link;

/// <summary>Asks on the wire who has an address: ARP for IPv4.</summary>
internal interface INeighborDiscovery
{
    /// <summary>Sends a request: to everybody, or to the address last known for the neighbour.</summary>
    void Solicit(IpAddress target, MacAddress? lastKnown, Instant now);

    /// <summary>Takes a packet (its IP header in front) whose next hop nobody answered for.</summary>
    void OnUnreachable(Frame packet, Instant now);
}

/// <summary>
/// Neighbours and the way their link-layer addresses are found, confirmed and forgotten: the state machine of RFC 4861
/// §7.3, which Linux uses for ARP too. Knows nothing of the packets that ask.
/// </summary>
internal sealed class NeighborCache(EthernetInterface link, ushort etherType, Entropy entropy, StackCounters counters)
{
    /// <summary>Linux's gc_thresh3, the hard limit of its table.</summary>
    public const int MaxNeighbors = 1024;

    /// <summary>Packets that may wait for one neighbour; then the oldest goes (RFC 1122 §2.3.2.2).</summary>
    public const int MaxWaiting = 101; // Linux's unres_qlen, which its default of octets comes to

    /// <summary>MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT of RFC 4861 §10.</summary>
    public const int MaxSolicitations = 3;

    /// <summary>RETRANS_TIMER of RFC 4861 §10; also RFC 1122 §2.3.2.1's limit of one request a second.</summary>
    public static readonly TimeSpan RetransmitInterval = TimeSpan.FromSeconds(1);

    /// <summary>DELAY_FIRST_PROBE_TIME of RFC 4861 §10.</summary>
    public static readonly TimeSpan DelayFirstProbe = TimeSpan.FromSeconds(5);

    /// <summary>REACHABLE_TIME of RFC 4861 §10, the middle of a random span from half to one and a half times it.</summary>
    public static readonly TimeSpan BaseReachableTime = TimeSpan.FromSeconds(30);

    private readonly Dictionary<IpAddress, Neighbor> _neighbors = [];
    private readonly List<Neighbor> _timed = [];
    private Neighbor? _last;
    private Instant? _next;

    public INeighborDiscovery Discovery { get; set; } = null!; // the two know each other: set once, by ARP

    public bool TryGet(IpAddress address, [NotNullWhen(true)] out Neighbor? neighbor)
    {
        // Most packets go where the last one went.
        neighbor = _last;
        if (neighbor is not null && neighbor.Address == address)
            return true;
        if (!_neighbors.TryGetValue(address, out neighbor))
            return false;
        _last = neighbor;
        return true;
    }

    /// <summary>Takes a packet for a neighbour and sends it now, or when the address is known.</summary>
    public void Send(Frame packet, IpAddress nextHop, Instant now)
    {
        if (!TryGet(nextHop, out Neighbor? neighbor) && !TryAdd(nextHop, now, out neighbor))
        {
            counters.Drop(packet, DropReason.NeighborTableFull);
            return;
        }
        neighbor.LastUsed = now;
        if (neighbor.State == NeighborState.Reachable && now < neighbor.ReachableUntil)
        {
            link.Send(packet, neighbor.Mac, etherType);
            return;
        }
        switch (neighbor.State)
        {
            case NeighborState.Reachable or NeighborState.Stale:
                Enter(neighbor, NeighborState.Delay, now, DelayFirstProbe);
                link.Send(packet, neighbor.Mac, etherType);
                break;
            case NeighborState.Delay or NeighborState.Probe:
                link.Send(packet, neighbor.Mac, etherType);
                break;
            case NeighborState.Failed:
                Enter(neighbor, NeighborState.Incomplete, now, RetransmitInterval);
                Wait(neighbor, packet);
                Solicit(neighbor, lastKnown: null, now);
                break;
            default:
                Wait(neighbor, packet);
                break;
        }
    }

    /// <summary>An upper layer saw the neighbour answer (RFC 4861 §7.3.1).</summary>
    public void ConfirmReachable(IpAddress nextHop, Instant now)
    {
        if (TryGet(nextHop, out Neighbor? neighbor) &&
            neighbor.State is not (NeighborState.Incomplete or NeighborState.Failed))
            BecomeReachable(neighbor, now);
    }

    /// <summary>Takes what a neighbour said about itself.</summary>
    /// <param name="address">The neighbour's IP address.</param>
    /// <param name="mac">What it says is its link-layer address.</param>
    /// <param name="isAnswer">It answered us, so it can hear us; otherwise it only told its address.</param>
    /// <param name="mayAdd">Whether a stranger is worth a place in the table.</param>
    /// <param name="now">The time.</param>
    public void Learn(IpAddress address, MacAddress mac, bool isAnswer, bool mayAdd, Instant now)
    {
        if (!TryGet(address, out Neighbor? neighbor))
        {
            if (!mayAdd || !TryAdd(address, now, out neighbor))
                return;
        }
        bool wasUnknown = neighbor.State is NeighborState.Incomplete or NeighborState.Failed;
        bool hasMoved = neighbor.Mac != mac;
        neighbor.Mac = mac;
        if (isAnswer)
            BecomeReachable(neighbor, now);
        else if (wasUnknown || hasMoved)
            Enter(neighbor, NeighborState.Stale, now, null);
        if (wasUnknown)
        {
            while (neighbor.Waiting.TryDequeue(out Frame? packet))
                Send(packet, address, now);
        }
    }

    /// <summary>Does what is due.</summary>
    public Instant? Advance(Instant now)
    {
        if (_next is not { } next || now < next)
            return _next;
        for (int index = _timed.Count - 1; index >= 0; index--)
        {
            Neighbor neighbor = _timed[index];
            if (neighbor.Timer.IsDue(now))
                OnTimer(neighbor, now);
        }
        _next = null;
        for (int index = _timed.Count - 1; index >= 0; index--)
        {
            if (_timed[index].Timer.IsSet)
                _next = Instant.Earlier(_next, _timed[index].Timer.At);
            else
                _timed.RemoveAt(index);
        }
        return _next;
    }

    /// <summary>Drops all packets that wait.</summary>
    public void ShutDown()
    {
        foreach (Neighbor neighbor in _neighbors.Values)
        {
            while (neighbor.Waiting.TryDequeue(out Frame? packet))
                counters.Drop(packet, DropReason.ShutDown);
        }
    }

    private void OnTimer(Neighbor neighbor, Instant now)
    {
        switch (neighbor.State)
        {
            case NeighborState.Delay:
                Enter(neighbor, NeighborState.Probe, now, RetransmitInterval);
                Solicit(neighbor, neighbor.Mac, now);
                break;
            case NeighborState.Incomplete or NeighborState.Probe when neighbor.Solicitations < MaxSolicitations:
                neighbor.Timer.Set(now, RetransmitInterval);
                Solicit(neighbor, neighbor.State == NeighborState.Probe ? neighbor.Mac : null, now);
                break;
            default:
                Fail(neighbor, now);
                break;
        }
    }

    private void Fail(Neighbor neighbor, Instant now)
    {
        Enter(neighbor, NeighborState.Failed, now, null);
        // A transport may answer the error with another packet, which waits for the next round.
        for (int count = neighbor.Waiting.Count; count > 0; count--)
        {
            counters.Drop(DropReason.NeighborUnreachable);
            Discovery.OnUnreachable(neighbor.Waiting.Dequeue(), now);
        }
    }

    private void Solicit(Neighbor neighbor, MacAddress? lastKnown, Instant now)
    {
        neighbor.Solicitations++;
        Discovery.Solicit(neighbor.Address, lastKnown, now);
    }

    private void BecomeReachable(Neighbor neighbor, Instant now)
    {
        if (neighbor.State == NeighborState.Reachable && neighbor.ReachableUntil - now > BaseReachableTime / 4)
            return; // it was confirmed a moment ago: keep this cheap, TCP confirms with every acknowledgement
        Enter(neighbor, NeighborState.Reachable, now, null);
        // Random, so that the hosts of a network do not probe in step (RFC 4861 §6.3.2).
        neighbor.ReachableUntil = now + (BaseReachableTime / 2) +
            TimeSpan.FromMilliseconds(entropy.Next((int)BaseReachableTime.TotalMilliseconds));
    }

    private void Enter(Neighbor neighbor, NeighborState state, Instant now, TimeSpan? timer)
    {
        neighbor.State = state;
        neighbor.Solicitations = 0;
        if (timer is not { } delay)
        {
            neighbor.Timer.Clear(); // Advance takes it off the list
            return;
        }
        if (!_timed.Contains(neighbor))
            _timed.Add(neighbor);
        neighbor.Timer.Set(now, delay);
        _next = Instant.Earlier(_next, neighbor.Timer.At);
    }

    private void Wait(Neighbor neighbor, Frame packet)
    {
        if (neighbor.Waiting.Count == MaxWaiting)
            counters.Drop(neighbor.Waiting.Dequeue(), DropReason.NeighborQueueFull);
        neighbor.Waiting.Enqueue(packet);
    }

    private bool TryAdd(IpAddress address, Instant now, [NotNullWhen(true)] out Neighbor? neighbor)
    {
        neighbor = null;
        if (_neighbors.Count >= MaxNeighbors && !TryEvict())
            return false;
        neighbor = new Neighbor(address) { State = NeighborState.Failed, LastUsed = now };
        _neighbors.Add(address, neighbor);
        return true;
    }

    /// <summary>Forgets the neighbour that was used longest ago and has nothing waiting.</summary>
    private bool TryEvict()
    {
        Neighbor? oldest = null;
        foreach (Neighbor neighbor in _neighbors.Values)
        {
            if (neighbor.State != NeighborState.Incomplete && (oldest is null || neighbor.LastUsed < oldest.LastUsed))
                oldest = neighbor;
        }
        if (oldest is null)
            return false;
        _neighbors.Remove(oldest.Address);
        oldest.Timer.Clear();
        if (_last == oldest)
            _last = null;
        return true;
    }
}
