using Pyco.Stack.Link;
using Pyco.Stack.Sockets;
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
}

/// <summary>
/// A whole TCP/IP host without I/O: frames, socket calls and the time go in; frames (through the link), socket events
/// and the next deadline come out. One loop owns it; it has no locks, no threads, no clock.
/// </summary>
/// <remarks>
/// The owner calls <see cref="Receive"/> for every frame of a batch, then <see cref="Advance"/> once, then drains
/// <see cref="TryTakeChanged"/>, acts on the sockets, and calls <see cref="Advance"/> again before it sleeps until the
/// returned moment.
/// </remarks>
public sealed class NetworkStack
{
    private readonly Queue<StackSocket> _changed = new();

    public NetworkStack(StackOptions options, ILink link, FramePool frames, Entropy entropy)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        _ = (link, frames, entropy);
    }

    public StackOptions Options { get; }

    /// <summary>Begins to probe for the own addresses (RFC 5227) and then announces them.</summary>
    public void Start(Instant now) => throw new NotImplementedException();

    /// <summary>Whether the own addresses may be used yet, or who has one of them.</summary>
    public AddressState AddressState => throw new NotImplementedException();

    /// <summary>The MAC address that answered for one of ours, when <see cref="AddressState"/> is Conflict.</summary>
    public MacAddress? ConflictingMac => throw new NotImplementedException();

    /// <summary>The own address that is in conflict.</summary>
    public IpAddress? ConflictingAddress => throw new NotImplementedException();

    /// <summary>
    /// When set, the stack gives way: it neither defends its address against probes nor answers them, because its
    /// programs are gone and only old connections are being finished.
    /// </summary>
    public bool YieldsAddress { get; set; }

    /// <summary>True once somebody probed for our address while <see cref="YieldsAddress"/> was set.</summary>
    public bool AddressWasWanted => throw new NotImplementedException();

    /// <summary>Takes an Ethernet frame from the wire.</summary>
    public void Receive(Frame frame, Instant now) => throw new NotImplementedException();

    /// <summary>Does all that is due and sends what was held back for the end of a batch.</summary>
    /// <returns>When to call next even if nothing happens, or null.</returns>
    public Instant? Advance(Instant now) => throw new NotImplementedException();

    /// <summary>Takes a socket whose <see cref="StackSocket.TakeEvents"/> has news.</summary>
    public bool TryTakeChanged(out StackSocket? socket) => _changed.TryDequeue(out socket);

    /// <summary>The link is back after it was away: announces the addresses again.</summary>
    public void LinkRestored(Instant now) => throw new NotImplementedException();

    public UdpSocket OpenUdp(bool isV6 = false) => new(_changed) { IsV6 = isV6 };

    public TcpSocket OpenTcp(bool isV6 = false) => new(_changed) { IsV6 = isV6 };
}

/// <summary>RFC 5227's view of the own addresses.</summary>
public enum AddressState
{
    Probing,
    Usable,
    Conflict,
}
