using Pyco.Stack.Wire;

namespace Pyco.Stack.Sockets;

/// <summary>What every socket of the stack has, whatever its protocol.</summary>
public abstract class StackSocket
{
    private readonly Queue<StackSocket> _changed;
    private SocketEvents _events;

    private protected StackSocket(Queue<StackSocket> changed) => _changed = changed;

    /// <summary>The owner's record of this socket, for finding it again when the stack reports a change.</summary>
    public object? Owner { get; set; }

    /// <summary>The address that the socket is bound to; port 0 while unbound.</summary>
    public IpEndpoint Local { get; private protected set; }

    /// <summary>The connected peer, or null.</summary>
    public IpEndpoint? Remote { get; private protected set; }

    /// <summary>True for AF_INET6 sockets, which see IPv4 peers as mapped addresses.</summary>
    public bool IsV6 { get; init; }

    /// <summary>IPV6_V6ONLY: an AF_INET6 socket that refuses IPv4-mapped peers.</summary>
    public bool V6Only { get; set; }

    /// <summary>SO_REUSEADDR.</summary>
    public bool ReuseAddress { get; set; }

    /// <summary>SO_REUSEPORT.</summary>
    public bool ReusePort { get; set; }

    /// <summary>SO_BROADCAST.</summary>
    public bool AllowBroadcast { get; set; }

    /// <summary>IP_TTL: hops that a sent packet may take.</summary>
    public byte TimeToLive { get; set; } = 64;

    /// <summary>IP_TOS: the octet of DSCP and ECN in sent packets.</summary>
    public byte TypeOfService { get; set; }

    /// <summary>IP_MTU_DISCOVER. TCP only keeps it: its segments always fit.</summary>
    public PathMtuDiscovery PathMtuDiscovery { get; set; } = PathMtuDiscovery.IfItFits;

    /// <summary>IP_MTU: the largest packet on the way to the connected peer, as far as it is known; null without a peer.</summary>
    public abstract int? PathMtu { get; }

    /// <summary>What has changed since the last call; the call clears it.</summary>
    public SocketEvents TakeEvents()
    {
        SocketEvents events = _events;
        _events = SocketEvents.None;
        return events;
    }

    /// <summary>Queues the socket for its owner, once, however many events come before the owner looks.</summary>
    private protected void Report(SocketEvents events)
    {
        if (_events == SocketEvents.None)
            _changed.Enqueue(this);
        _events |= events;
    }
}
