using Pyco.Host;
using Pyco.Host.Publishing;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Impairment;

namespace Pyco.Cli.Run;

/// <summary>A checked command line of pyco-run.</summary>
internal sealed record RunOptions
{
    /// <summary>None lets a network of ours choose one.</summary>
    public required IReadOnlyList<IpPrefix> Addresses { get; init; }

    /// <summary>Those of the addresses whose length the user left open, so that a network of ours may know better.</summary>
    public IReadOnlyList<IpAddress> WithoutLength { get; init; } = [];

    public IpAddress? Gateway { get; init; }

    /// <summary>With an absolute path, because the host does not stay in our working directory.</summary>
    public required VnlLocator Network { get; init; }

    /// <summary>True if the network is the user's default one, which is started if it does not run.</summary>
    public bool IsDefaultNetwork { get; init; }

    /// <summary>On a stock switch: whether the host shares its process with others; null leaves it to us.</summary>
    public bool? SharesProcess { get; init; }

    public string InterfaceName { get; init; } = StackHostOptions.DefaultInterfaceName;

    /// <summary>Null for the one that network and address always give.</summary>
    public MacAddress? Mac { get; init; }

    public string? HostName { get; init; }

    /// <summary>Who answers DNS queries; none leaves it to a network of ours.</summary>
    public IReadOnlyList<IpEndpoint> NameServers { get; init; } = [];

    /// <summary>Domains in which a name without a dot is looked for.</summary>
    public IReadOnlyList<string> SearchDomains { get; init; } = [];

    public int? Mtu { get; init; }

    /// <summary>Ports of the machine's own network that lead to ports of the host.</summary>
    public IReadOnlyList<PublishedPort> Published { get; init; } = [];

    /// <summary>Absolute, or null for no capture.</summary>
    public string? CaptureFile { get; init; }

    /// <summary>What the host's cable does to frames.</summary>
    public LinkSpecification Link { get; init; } = LinkSpecification.None;

    public Verbosity Verbosity { get; init; } = Verbosity.Normal;

    /// <summary>The program and its arguments; the program gets the octets of the command line, not these texts.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>What whoever holds the stack is told.</summary>
    public HostOrder ToOrder(HostCredentials credentials, int programPid) => new()
    {
        Credentials = credentials,
        ProgramPid = programPid,
        Addresses = Addresses,
        WithoutLength = WithoutLength,
        Gateway = Gateway,
        Network = Network,
        InterfaceName = InterfaceName,
        Mac = Mac,
        HostName = HostName,
        NameServers = NameServers,
        SearchDomains = SearchDomains,
        Mtu = Mtu,
        Published = Published,
        CaptureFile = CaptureFile,
        Link = Link,
        Verbosity = Verbosity,
        Command = Path.GetFileName(Program[0]),
    };
}
