using Pyco.Stack.Wire;

namespace Pyco.Host;

/// <summary>Who knows the names of other hosts.</summary>
internal sealed record NameSources
{
    /// <summary>No source beside what the machine's own files say.</summary>
    public static NameSources None { get; } = new();

    /// <summary>Who answers DNS queries, in the order in which to ask.</summary>
    public IReadOnlyList<IpEndpoint> Servers { get; init; } = [];

    /// <summary>Domains to put behind a name that has no dot, or that nobody knows (search of resolv.conf(5)).</summary>
    public IReadOnlyList<string> SearchDomains { get; init; } = [];

    /// <summary>The network that the host is in, or null if it has no names.</summary>
    public IHostDirectory? Network { get; init; }
}

/// <summary>A network that knows its hosts by their names.</summary>
internal interface IHostDirectory
{
    /// <summary>The address of the host of that name; upper and lower case are the same.</summary>
    IpAddress? FindAddress(ReadOnlySpan<byte> name);

    /// <summary>The name of the host that has the address, or null.</summary>
    string? FindName(IpAddress address);
}
