namespace Pyco.Integration.Tests.Support;

/// <summary>What carries the frames of a <see cref="Wire"/>.</summary>
public enum WireKind
{
    /// <summary>Debian's vde_switch; each host's stack is in a process of its own.</summary>
    StockSwitch,

    /// <summary>A network of pyco-net, whose process holds the stacks.</summary>
    OwnNetwork,
}
