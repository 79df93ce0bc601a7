namespace Pyco.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions
{
    /// <summary>How often each measure is taken.</summary>
    public required int Rounds { get; init; }

    /// <summary>How long each takes.</summary>
    public required int Seconds { get; init; }

    /// <summary>How many hosts the largest network has.</summary>
    public required int Hosts { get; init; }

    /// <summary>How many idle connections are held.</summary>
    public required int Connections { get; init; }

    /// <summary>The folder of pyco-run and pyco-net, absolute.</summary>
    public required string Programs { get; init; }

    public string PycoRun => Path.Combine(Programs, "pyco-run");

    public string PycoNet => Path.Combine(Programs, "pyco-net");
}
