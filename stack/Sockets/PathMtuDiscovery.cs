namespace Pyco.Stack.Sockets;

/// <summary>IP_MTU_DISCOVER (ip(7)): what becomes of a datagram that is larger than the path's MTU. The numbers are Linux's.</summary>
public enum PathMtuDiscovery
{
    /// <summary>IP_PMTUDISC_DONT: routers and we may cut every datagram.</summary>
    Never = 0,

    /// <summary>IP_PMTUDISC_WANT, the default: what fits must not be cut on the way, what does not is cut by us.</summary>
    IfItFits = 1,

    /// <summary>IP_PMTUDISC_DO: nothing is cut, EMSGSIZE tells of what does not fit.</summary>
    Always = 2,

    /// <summary>IP_PMTUDISC_PROBE: the same with the link's MTU, whatever the path is known to take.</summary>
    Probe = 3,

    /// <summary>IP_PMTUDISC_INTERFACE: routers may cut, and what is learned of paths is ignored; EMSGSIZE beyond the link's MTU.</summary>
    Interface = 4,

    /// <summary>IP_PMTUDISC_OMIT: the same, and we cut what is beyond the link's MTU.</summary>
    Omit = 5,
}
