using Pyco.Host.Publishing;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Host;

/// <summary>What a stack host process is started with.</summary>
public sealed record StackHostOptions
{
    public const string DefaultInterfaceName = "vde0";

    public required HostCredentials Credentials { get; init; }

    /// <summary>Addresses, gateway, MAC and MTU.</summary>
    public required StackOptions Stack { get; init; }

    /// <summary>
    /// Plugs into the wire, given where frames are rented and the loop's clock; called once, on the loop's thread. An <see cref="IOException"/> becomes the error line of
    /// <see cref="ReadyDescriptor"/>, so its message is written for the user.
    /// </summary>
    public required Func<FramePool, Func<Instant>, IPolledLink> OpenLink { get; init; }

    /// <summary>Ports of the machine's own network that lead to ports of the host.</summary>
    public IReadOnlyList<PublishedPort> Published { get; init; } = [];

    /// <summary>The program that the host serves; null serves until SIGTERM.</summary>
    public int? ProgramPid { get; init; }

    /// <summary>
    /// Where to write one line, then closed: <c>ready PID PORT MAC ADDRESS/LEN...</c> (the host's own pid, for the environment
    /// variable) once the address is up, or <c>error TEXT</c>. -1 for nowhere.
    /// </summary>
    public int ReadyDescriptor { get; init; } = -1;

    /// <summary>The name of the interface that programs see.</summary>
    public string InterfaceName { get; init; } = DefaultInterfaceName;

    /// <summary>Who answers DNS queries.</summary>
    public IReadOnlyList<IpEndpoint> NameServers { get; init; } = [];

    /// <summary>Domains in which a name without a dot is looked for.</summary>
    public IReadOnlyList<string> SearchDomains { get; init; } = [];

    /// <summary>Takes a line for the user when something is wrong that only the user can change.</summary>
    public Action<string> Log { get; init; } = _ => { };
}
