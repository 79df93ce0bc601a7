using Pyco.Host.Publishing;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Host;

/// <summary>What a host on somebody's switch is to be.</summary>
public sealed record StackHostOptions
{
    public const string DefaultInterfaceName = "vde0";

    public required HostCredentials Credentials { get; init; }

    /// <summary>Addresses, gateway, MAC and MTU.</summary>
    public required StackOptions Stack { get; init; }

    /// <summary>Where the switch is.</summary>
    public required VnlLocator Network { get; init; }

    /// <summary>What the switch's management shows for the port.</summary>
    public required string PortDescription { get; init; }

    /// <summary>
    /// Makes the stack's link of the plug, given where frames are rented and the loop's clock; called once, on the loop's thread. The message
    /// of an <see cref="IOException"/> is for the user.
    /// </summary>
    public required Func<VdePlug, FramePool, Func<Instant>, IPolledLink> Cable { get; init; }

    /// <summary>Ports of the machine's own network that lead to ports of the host.</summary>
    public IReadOnlyList<PublishedPort> Published { get; init; } = [];

    /// <summary>The program that the host serves.</summary>
    public required int ProgramPid { get; init; }

    /// <summary>The name of the interface that programs see.</summary>
    public string InterfaceName { get; init; } = DefaultInterfaceName;

    /// <summary>Who answers DNS queries.</summary>
    public IReadOnlyList<IpEndpoint> NameServers { get; init; } = [];

    /// <summary>Domains in which a name without a dot is looked for.</summary>
    public IReadOnlyList<string> SearchDomains { get; init; } = [];

    /// <summary>Takes a line for the user when something is wrong that only the user can change.</summary>
    public required Action<string> Log { get; init; }

    /// <summary>Takes a line for the user when something is wrong that only we can change.</summary>
    public required Action<string> ReportBug { get; init; }

    /// <summary>Called once when the program, but perhaps none of its descendants, has ended.</summary>
    public required Action ProgramEnded { get; init; }

    /// <summary>Called once when the host has ended, or has never come up.</summary>
    public required Action Ended { get; init; }
}
