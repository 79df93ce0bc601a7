namespace Pyco.Host;

/// <summary>Who may have a host in this process, and how one is made.</summary>
internal sealed record HostSharingOptions
{
    /// <summary>The abstract name to listen at.</summary>
    public required string Name { get; init; }

    /// <summary>The switch that all hosts of the process are plugged into.</summary>
    public required string NetworkPath { get; init; }

    /// <summary>Whether a process of the same user is heard, by its number.</summary>
    public required Func<int, bool> Admits { get; init; }

    /// <summary>
    /// Turns an order into options, with the launcher's standard error and what to write frames into, or -1: both are the host's from
    /// then on, unless this throws.
    /// </summary>
    public required Func<HostOrder, int, int, StackHostOptions> Make { get; init; }
}
