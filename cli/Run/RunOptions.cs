using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Cli.Run;

/// <summary>How much is said on stderr.</summary>
internal enum Verbosity
{
    /// <summary>Errors only.</summary>
    Quiet,

    /// <summary>Errors, and what the user has to know: the switch is gone, or back.</summary>
    Normal,

    /// <summary>Addresses and events too.</summary>
    Verbose,
}

/// <summary>A checked command line of pyco-run.</summary>
internal sealed record RunOptions
{
    public const string DefaultInterfaceName = "vde0";

    public required IReadOnlyList<IpPrefix> Addresses { get; init; }

    public IpAddress? Gateway { get; init; }

    /// <summary>With an absolute path, because the host does not stay in our working directory.</summary>
    public required VnlLocator Network { get; init; }

    public string InterfaceName { get; init; } = DefaultInterfaceName;

    public required MacAddress Mac { get; init; }

    public string? HostName { get; init; }

    public int? Mtu { get; init; }

    /// <summary>Absolute, or null for no capture.</summary>
    public string? CaptureFile { get; init; }

    public Verbosity Verbosity { get; init; } = Verbosity.Normal;

    /// <summary>The program and its arguments; the program gets the octets of the command line, not these texts.</summary>
    public required IReadOnlyList<string> Program { get; init; }
}
