using Pyco.Stack.Internet;
using Pyco.Stack.Link;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transit;
using Pyco.Stack.Transport;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack;

/// <summary>What a stack is made with.</summary>
public sealed record StackOptions
{
    public required MacAddress Mac { get; init; }

    /// <summary>The host's addresses with the length of their subnets; the first is the source of choice.</summary>
    public required IReadOnlyList<IpPrefix> Addresses { get; init; }

    /// <summary>The default gateway, or null.</summary>
    public IpAddress? Gateway { get; init; }

    /// <summary>An upper limit for the MTU below the link's own, or null.</summary>
    public int? Mtu { get; init; }

    /// <summary>
    /// Whether to probe for the addresses before they are used (RFC 5227). Without it they are usable at once, which is
    /// for wires on which nobody else can be.
    /// </summary>
    public bool DetectConflicts { get; init; } = true;

    /// <summary>
    /// True for the stack of a router that answers for everybody beyond its subnets: see
    /// <see cref="NetworkStack.Transit"/>.
    /// </summary>
    public bool IsTransparent { get; init; }

    /// <summary>Shared with the hosts that may have the address before or after this one; null for one of its own.</summary>
    public ConnectionSecret? ConnectionSecret { get; init; }
}

/// <summary>
/// A whole TCP/IP host without I/O: frames, socket calls and the time go in; frames (through the link), socket events
/// and the next deadline come out. One loop owns it; it has no locks, no threads, no clock.
/// </summary>
/// <remarks>
/// The owner calls <see cref="Receive"/> for every frame of a batch, then <see cref="Advance"/> once, then drains
/// <see cref="TryTakeChanged"/>, acts on the sockets, and calls <see cref="Advance"/> again before it sleeps until the
/// returned moment. The first <see cref="Advance"/> may be left out where nobody waits for what it would send.
/// </remarks>
public sealed class NetworkStack
{
    private readonly Queue<StackSocket> _changed = new();
    private readonly EthernetInterface _link;
    private readonly InternetLayer _internet;
    private readonly UdpProtocol _udp;
    private readonly EchoProtocol _echo;
    private readonly TcpProtocol _tcp;

    /// <summary>A stack with buffers of its own but for the frames.</summary>
    /// <inheritdoc cref="NetworkStack(StackOptions, ILink, StackMemory, Entropy)"/>
    public NetworkStack(StackOptions options, ILink link, FramePool frames, Entropy entropy)
        : this(options, link, new StackMemory(frames), entropy)
    {
    }

    /// <exception cref="ArgumentException">There is no address.</exception>
    public NetworkStack(StackOptions options, ILink link, StackMemory memory, Entropy entropy)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(entropy);
        if (options.Addresses.Count == 0)
            throw new ArgumentException("a stack needs an address", nameof(options));
        Options = options;
        int mtu = int.Min(link.Mtu, options.Mtu ?? int.MaxValue);
        mtu = int.Min(mtu, memory.Frames.FrameCapacity - FramePool.DefaultHeadroom);
        Memory = memory;
        _link = new EthernetInterface(link, options.Mac, mtu, memory.Frames, Counters);
        _internet = new InternetLayer(options, _link, memory, entropy, Counters);
        _udp = new UdpProtocol(_internet, _changed, entropy, Counters);
        _internet.Udp = _udp;
        _echo = new EchoProtocol(_internet, _changed, entropy, Counters);
        _internet.Echo = _echo;
        _tcp = new TcpProtocol(
            _internet, _changed, memory.Chunks, entropy, options.ConnectionSecret ?? ConnectionSecret.Create(entropy));
        _internet.Tcp = _tcp;
        if (options.IsTransparent)
            Transit = new TransitTraffic(_internet, _tcp, _udp, Counters);
    }

    public StackOptions Options { get; }

    /// <summary>What the stack has done and why it dropped what it dropped.</summary>
    public StackCounters Counters { get; } = new();

    /// <summary>What is for others, and what is for nobody here; null unless the stack is transparent.</summary>
    public TransitTraffic? Transit { get; }

    /// <summary>Whether the own addresses may be used yet, or who has one of them.</summary>
    public AddressState AddressState => _internet.Claims.State;

    /// <summary>
    /// The MAC address that answered for one of ours, when <see cref="AddressState"/> is Conflict; while it is Usable, the
    /// last one against which it was defended.
    /// </summary>
    public MacAddress? ConflictingMac => _internet.Claims.ConflictingMac;

    /// <summary>The own address that is in conflict.</summary>
    public IpAddress? ConflictingAddress => _internet.Claims.ConflictingAddress;

    /// <summary>
    /// When set, the stack gives way: it neither defends its address against probes nor answers them, because its
    /// programs are gone and only old connections are being finished.
    /// </summary>
    public bool YieldsAddress
    {
        get => _internet.Claims.Yields;
        set => _internet.Claims.Yields = value;
    }

    /// <summary>
    /// Set before <see cref="Start"/> or <see cref="RetryAddresses"/> when the owner has reason to believe that another host
    /// has an address or is about to: the stack then probes for 2 s before it takes the silence for an answer, and gives
    /// way to a host that probes at the same time and has come first.
    /// </summary>
    public bool AddressIsContended
    {
        get => _internet.Claims.IsContended;
        set => _internet.Claims.IsContended = value;
    }

    /// <summary>True once somebody probed for our address while <see cref="YieldsAddress"/> was set.</summary>
    public bool AddressWasWanted => _internet.Claims.WasWanted;

    public StackMemory Memory { get; }

    /// <summary>
    /// Begins to probe for the own addresses (RFC 5227) and then announces them. The wait for answers begins with the next
    /// <see cref="Advance"/>, which is due at once.
    /// </summary>
    public void Start(Instant now) => _internet.Claims.Start(Options.DetectConflicts, now);

    /// <summary>Uses the own addresses at once, because the owner knows of all who are on the wire, and announces them.</summary>
    public void StartAlone(Instant now) => _internet.Claims.Start(detect: false, now);

    /// <summary>Probes again for addresses that were in conflict; <see cref="AddressState"/> is Probing until it is known.</summary>
    public void RetryAddresses(Instant now) => _internet.Claims.Retry(now);

    /// <summary>Takes an Ethernet frame from the wire.</summary>
    public void Receive(Frame frame, Instant now)
    {
        ArgumentNullException.ThrowIfNull(frame);
        Counters.FramesReceived++;
        Counters.OctetsReceived += frame.Length;
        if (!EthernetHeader.TryParse(frame.Head, out EthernetHeader header) || header.Source.IsGroup)
        {
            Counters.Drop(frame, DropReason.MalformedEthernet);
            return;
        }
        bool isForUs = header.Destination == _link.Mac;
        if (!isForUs && !header.Destination.IsGroup)
        {
            Counters.Drop(frame, DropReason.OtherStation);
            return;
        }
        ushort type = header.Type;
        frame.TrimStart(EthernetHeader.Length);
        switch (type)
        {
            case EtherType.IPv4:
                Arrival arrival = isForUs ? Arrival.Unicast : Arrival.LinkBroadcast;
                _internet.ReceiveIPv4(frame, arrival, now);
                break;
            case EtherType.Arp:
                _internet.ReceiveArp(frame, now);
                break;
            case EtherType.VlanTag or EtherType.ServiceVlanTag:
                Counters.Drop(frame, DropReason.VlanTagged);
                break;
            default:
                Counters.Drop(frame, DropReason.UnknownEtherType);
                break;
        }
    }

    /// <summary>Does all that is due and sends what was held back for the end of a batch.</summary>
    /// <returns>When to call next even if nothing happens, or null.</returns>
    public Instant? Advance(Instant now)
    {
        Instant? next;
        do
        {
            while (_internet.TryReceiveLoopback(now))
            {
                // What it sets off waits in the queue for its own turn.
            }
            next = _internet.Advance(now);
            next = Instant.Earlier(next, _udp.Advance(now));
            next = Instant.Earlier(next, _tcp.Advance(now));
        }
        while (_internet.HasLoopback); // a transport's held-back acknowledgement may be for ourselves
        return next;
    }

    /// <summary>True while there is something to take with <see cref="TryTakeChanged"/>.</summary>
    public bool HasChanged => _changed.Count > 0;

    /// <summary>Takes a socket whose <see cref="StackSocket.TakeEvents"/> has news.</summary>
    public bool TryTakeChanged(out StackSocket? socket) => _changed.TryDequeue(out socket);

    /// <summary>The link is back after it was away: announces the addresses and the groups again.</summary>
    public void LinkRestored(Instant now) => _internet.AnnounceAgain(now);

    /// <summary>
    /// True while a connection that its program has closed waits for the peer's FIN (FIN-WAIT-2). If the stack went away now,
    /// nobody would acknowledge that FIN, and the peer would send it again and again.
    /// </summary>
    public bool AwaitsFin => _tcp.AwaitsFin;

    /// <summary>Drops all packets that wait for a neighbour, for their other fragments or for their turn.</summary>
    public void ShutDown() => _internet.ShutDown();

    public UdpSocket OpenUdp(bool isV6 = false) => _udp.Open(isV6);

    public EchoSocket OpenEcho() => _echo.Open();

    public TcpSocket OpenTcp(bool isV6 = false) => _tcp.Open(isV6);
}

/// <summary>RFC 5227's view of the own addresses.</summary>
public enum AddressState
{
    Probing,
    Usable,
    Conflict,
}
