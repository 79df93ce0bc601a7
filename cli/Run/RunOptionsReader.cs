using System.CommandLine;
using System.Globalization;
using System.Numerics;
using Pyco.Cli.Startup;
using Pyco.Host;
using Pyco.Host.Publishing;
using Pyco.Network;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Impairment;

namespace Pyco.Cli.Run;

/// <summary>Turns words of the command line into <see cref="RunOptions"/>, or says what is wrong with them.</summary>
/// <param name="command">The command line's grammar.</param>
/// <param name="environment">Looks a variable up.</param>
internal sealed class RunOptionsReader(RunCommand command, Func<string, string?> environment)
{
    private const int DefaultPrefixLength = 24;

    /// <summary>RFC 791 §3.2: every link must carry packets of this length.</summary>
    private const int MinimumMtu = 68;

    /// <summary>The most that a network of ours can be told.</summary>
    private const int LargestMtu = 9000;

    /// <summary>IFNAMSIZ without its NUL.</summary>
    private const int InterfaceNameCapacity = 15;

    /// <exception cref="LaunchException">The command line makes no sense.</exception>
    public RunOptions Read(ParseResult words)
    {
        if (words.Errors.Count > 0)
            throw Wrong(ParseMistake.Describe(words.Errors[0]));
        string[] program = words.GetValue(command.Program) ?? [];
        // The parser takes what it does not know for the program's name; ./-x names a program that begins so.
        if (program.FirstOrDefault()?.StartsWith('-') == true)
            throw Wrong($"unknown option '{program[0]}': the program's own come behind its name");
        if (words.GetValue(command.Verbose) && words.GetValue(command.Quiet))
            throw Wrong("-v and -q cannot both be given");
        (List<IpPrefix> addresses, List<IpAddress> withoutLength) = ReadAddresses(words);
        IpAddress? gateway = ReadGateway(words.GetValue(command.Gateway));
        // A length that the network knows better is checked when the network has been found.
        if (withoutLength.Count == 0 && AddressCheck.FindFault(addresses, gateway) is { } fault)
            throw Wrong(fault);
        VnlLocator? network = ReadNetwork(words.GetValue(command.Network));
        RunOptions options = new()
        {
            Addresses = addresses,
            Gateway = gateway,
            WithoutLength = withoutLength,
            Network = network ?? new VnlLocator(RuntimeFolder.DefaultNetwork(environment)),
            IsDefaultNetwork = network is null,
            SharesProcess = ReadProcess(words.GetValue(command.Process)),
            InterfaceName = ReadInterface(words.GetValue(command.Interface)),
            Mac = words.GetValue(command.Mac) is { } mac ? ReadMac(mac) : null,
            HostName = ReadHostName(words.GetValue(command.HostName)),
            NameServers = ReadNameServers(words.GetValue(command.NameServer) ?? []),
            SearchDomains = ReadSearchDomains(words.GetValue(command.SearchDomain) ?? []),
            Mtu = ReadMtu(words.GetValue(command.Mtu)),
            Published = ReadPublished(words.GetValue(command.Publish) ?? []),
            CaptureFile = ReadCapture(words.GetValue(command.Capture)),
            Link = ReadLink(words.GetValue(command.Link) ?? []),
            Verbosity = words.GetValue(command.Verbose) ? Verbosity.Verbose
                : words.GetValue(command.Quiet) ? Verbosity.Quiet
                : Verbosity.Normal,
            Program = program,
        };
        // Last, because an option without its value has taken the program for it.
        return program.Length > 0 ? options : throw Wrong($"no program given: name it behind the options, as in {command.Name} -- ./app");
    }

    private (List<IpPrefix> All, List<IpAddress> WithoutLength) ReadAddresses(ParseResult words)
    {
        string[] texts = words.GetValue(command.Address) ?? [];
        string? netmask = words.GetValue(command.Netmask);
        if (texts.Length == 0 && netmask is not null)
            throw Wrong("-n is the netmask of an address: give that too with -a (a network that chooses the address has its own netmask)");
        int defaultLength = netmask is null ? DefaultPrefixLength : ReadNetmask(netmask);
        List<IpPrefix> addresses = [];
        List<IpAddress> withoutLength = [];
        foreach (string text in texts)
        {
            IpPrefix prefix = ReadAddress(text, defaultLength);
            if (addresses.Exists(other => other.Address == prefix.Address))
                throw Wrong($"address {prefix.Address} is given twice");
            addresses.Add(prefix);
            if (netmask is null && !text.Contains('/', StringComparison.Ordinal))
                withoutLength.Add(prefix.Address);
        }
        return (addresses, withoutLength);
    }

    private static IpPrefix ReadAddress(string text, int defaultLength)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IpAddress.TryParse(slash < 0 ? text : text[..slash], out IpAddress address))
            throw Wrong($"'{text}' is not an address: write it as 10.40.0.32 or 10.40.0.32/24");
        if (!address.IsV4)
            throw Wrong($"'{text}': IPv6 addresses are not supported yet");
        int length = defaultLength;
        if (slash >= 0 &&
            (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) ||
             length is < 1 or > 32))
            throw Wrong($"'{text}': the length behind the slash is a number from 1 to 32");
        IpPrefix prefix = new(address, length);
        if (!address.CanBeOfHost)
            throw Wrong($"{address} cannot be the address of a host");
        return prefix;
    }

    private static int ReadNetmask(string text)
    {
        if (!IpAddress.TryParse(text, out IpAddress mask) || !mask.IsV4 || mask.V4 == 0 ||
            !BitOperations.IsPow2((ulong)~mask.V4 + 1))
            throw Wrong($"'{text}' is not a netmask such as 255.255.255.0");
        return BitOperations.PopCount(mask.V4);
    }

    private static IpAddress? ReadGateway(string? text) =>
        text is null ? null
        : IpAddress.TryParse(text, out IpAddress gateway) && gateway.IsV4 ? gateway
        : throw Wrong($"'{text}' is not a gateway's address such as 10.40.0.1");

    /// <summary>Null for the user's default network.</summary>
    private VnlLocator? ReadNetwork(string? text)
    {
        text ??= environment(VnlLocator.EnvironmentVariable) is { Length: > 0 } chosen ? chosen : null;
        if (text is null)
            return null;
        if (!VnlLocator.TryParse(text, out VnlLocator? network, out string? error))
            throw Wrong(error);
        return network with { Path = AbsolutePath.Of(network.Path) };
    }

    private static string ReadInterface(string? name)
    {
        if (name is null)
            return StackHostOptions.DefaultInterfaceName;
        if (name.Length is 0 or > InterfaceNameCapacity || name is "." or ".." or "lo" ||
            name.Any(letter => !char.IsAscii(letter) || char.IsWhiteSpace(letter) || char.IsControl(letter) || letter is '/' or ':'))
            throw Wrong($"'{name}' is not an interface name: 1 to {InterfaceNameCapacity} characters without '/', ':' and blanks, and not lo");
        return name;
    }

    private static bool? ReadProcess(string? text) => text switch
    {
        null => null,
        "own" => false,
        "shared" => true,
        _ => throw Wrong($"'{text}' is not a process: say own or shared"),
    };

    private static MacAddress ReadMac(string text)
    {
        if (!MacAddress.TryParse(text, out MacAddress mac))
            throw Wrong($"'{text}' is not an Ethernet address such as 02:00:0a:28:00:20");
        if (mac.IsGroup || mac == default)
            throw Wrong($"{mac} cannot be the address of a host: the first octet must be even, and not all may be zero");
        return mac;
    }

    private static string? ReadHostName(string? name) =>
        name is not null && HostNames.FindFault(name) is { } fault ? throw Wrong($"'{name}' {fault}") : name;

    private static IpEndpoint[] ReadNameServers(string[] texts)
    {
        if (texts.Length > NameServerAddress.Most)
            throw Wrong($"more than {NameServerAddress.Most} name servers");
        return [.. texts.Select(text => NameServerAddress.TryParse(text, out IpEndpoint server) && server.Address.IsV4
            ? server
            : throw Wrong($"'{text}' is not a name server such as 10.40.0.1 or 10.40.0.1:5353"))];
    }

    private static string[] ReadSearchDomains(string[] texts)
    {
        if (texts.Length > HostNames.MostSearchDomains)
            throw Wrong($"more than {HostNames.MostSearchDomains} search domains");
        return Array.Find(texts, text => !HostNames.IsDomain(text)) is { } wrong
            ? throw Wrong($"'{wrong}' is not a domain such as example.org")
            : texts;
    }

    private static LinkSpecification ReadLink(string[] texts) =>
        LinkSpecification.TryParse(texts, LinkSpecification.None, out LinkSpecification? link, out string? error) ? link : throw Wrong(error);

    /// <summary>Others take a hyphen for standard output, but that is the program's, which most programs write on themselves.</summary>
    private static string? ReadCapture(string? file) =>
        file is null ? null
        : file != "-" ? AbsolutePath.Of(file)
        : throw Wrong(
            "--pcap - would mix the frames with what the program writes: name a file or a named pipe, or /dev/stdout if it writes " +
            "nothing there; pyco-net capture -w - shows a whole network");

    private static int? ReadMtu(string? text)
    {
        if (text is null)
            return null;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int mtu) || mtu is < MinimumMtu or > LargestMtu)
            throw Wrong($"'{text}' is not an MTU: a number from {MinimumMtu} to {LargestMtu}");
        return mtu;
    }

    private static List<PublishedPort> ReadPublished(string[] texts)
    {
        List<PublishedPort> ports = [];
        foreach (string text in texts)
        {
            if (!PublishedPort.TryParse(text, out PublishedPort? port, out string? error))
                throw Wrong(error);
            if (ports.Exists(port.CollidesWith))
                throw Wrong($"{port.DescribeOutside()} is published twice");
            ports.Add(port);
        }
        return ports;
    }

    private static LaunchException Wrong(string message) => LaunchException.Mistake(message);
}
