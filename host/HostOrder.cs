using System.Globalization;
using System.Text;
using Pyco.Host.Publishing;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Impairment;

namespace Pyco.Host;

/// <summary>
/// What the launcher tells whoever is to hold the program's stack: a stack host of its own, or a network's process. It
/// goes through a pipe or a socket, because a command line could be read by every user of the machine and the secret is in it.
/// </summary>
public sealed record HostOrder
{
    /// <summary>More than any order needs; a pipe takes this much without a reader.</summary>
    public const int Capacity = 64 * 1024;

    public required HostCredentials Credentials { get; init; }

    public required int ProgramPid { get; init; }

    /// <summary>The host's addresses; none lets a network of ours choose one.</summary>
    public required IReadOnlyList<IpPrefix> Addresses { get; init; }

    /// <summary>Those of the addresses whose length the user left open, so that a network of ours may know better.</summary>
    public IReadOnlyList<IpAddress> WithoutLength { get; init; } = [];

    public IpAddress? Gateway { get; init; }

    public required VnlLocator Network { get; init; }

    /// <summary>
    /// The abstract name by which a stack host process is found that may take further hosts; null for one that keeps to itself, and
    /// in a network of ours.
    /// </summary>
    public string? SharedAs { get; init; }

    public string InterfaceName { get; init; } = StackHostOptions.DefaultInterfaceName;

    /// <summary>The Ethernet address, or null for the one that network and address always give.</summary>
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

    /// <summary>The program's name, for people.</summary>
    public required string Command { get; init; }

    /// <summary>One <c>name=value</c> each line.</summary>
    public string Write()
    {
        StringBuilder text = new();
        void Line(string name, object? value)
        {
            if (value is not null)
                text.Append(CultureInfo.InvariantCulture, $"{name}={value}\n");
        }

        Line("credentials", Credentials.ToEnvironmentValue(0));
        Line("program", ProgramPid);
        foreach (IpPrefix address in Addresses)
            Line("address", address);
        foreach (IpAddress address in WithoutLength)
            Line("without-length", address);
        Line("gateway", Gateway);
        Line("network", Network.Path);
        Line("port", Network.Port);
        Line("shared", SharedAs);
        Line("interface", InterfaceName);
        Line("mac", Mac);
        Line("hostname", HostName);
        foreach (IpEndpoint server in NameServers)
            Line("dns", server);
        foreach (string domain in SearchDomains)
            Line("search", domain);
        Line("mtu", Mtu);
        foreach (PublishedPort port in Published)
            Line("publish", port);
        Line("capture", CaptureFile);
        Line("link", Link);
        Line("verbosity", (int)Verbosity);
        Line("command", Command.ReplaceLineEndings(" "));
        return text.ToString();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">It did not.</exception>
    public static HostOrder Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        ILookup<string, string> lines = text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2))
            .ToLookup(parts => parts[0], parts => parts.Length == 2 ? parts[1] : throw new FormatException("a line without '='"));
        string? Optional(string name) => lines[name].FirstOrDefault();
        string Required(string name) => Optional(name) ?? throw new FormatException($"no {name}");
        int Number(string name) => int.TryParse(Required(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new FormatException($"{name} is not a number");

        return new HostOrder
        {
            Credentials = HostCredentials.TryParse(Required("credentials"), out HostCredentials? credentials, out _)
                ? credentials
                : throw new FormatException("bad credentials"),
            ProgramPid = Number("program"),
            Addresses = [.. lines["address"].Select(IpPrefix.Parse)],
            WithoutLength = [.. lines["without-length"].Select(IpAddress.Parse)],
            Gateway = Optional("gateway") is { } gateway ? IpAddress.Parse(gateway) : null,
            Network = new VnlLocator(Required("network"), Number("port")),
            SharedAs = Optional("shared"),
            InterfaceName = Required("interface"),
            Mac = Optional("mac") is { } mac ? ReadMac(mac) : null,
            HostName = Optional("hostname") is not { } hostName || HostNames.IsName(hostName)
                ? Optional("hostname")
                : throw new FormatException("bad host name"),
            NameServers = [.. lines["dns"].Select(ReadNameServer)],
            SearchDomains = [.. lines["search"].Select(ReadDomain)],
            Mtu = Optional("mtu") is null ? null : Number("mtu"),
            Published = [.. lines["publish"].Select(ReadPublished)],
            CaptureFile = Optional("capture"),
            Link = ReadLink(Required("link")),
            Verbosity = (Verbosity)Number("verbosity"),
            Command = Required("command"),
        };
    }

    private static IpEndpoint ReadNameServer(string text) =>
        NameServerAddress.TryParse(text, out IpEndpoint server) ? server : throw new FormatException($"'{text}' is not a name server");

    private static string ReadDomain(string text) =>
        HostNames.IsDomain(text) ? text : throw new FormatException("bad search domain");

    private static LinkSpecification ReadLink(string text) =>
        LinkSpecification.TryParse(text, out LinkSpecification? link, out string? error) ? link : throw new FormatException(error);

    private static PublishedPort ReadPublished(string text) =>
        PublishedPort.TryParse(text, out PublishedPort? port, out string? error) ? port : throw new FormatException(error);

    private static MacAddress ReadMac(string text) =>
        MacAddress.TryParse(text, out MacAddress mac) ? mac : throw new FormatException($"'{text}' is not an Ethernet address");
}
