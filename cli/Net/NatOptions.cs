using System.CommandLine;
using Pyco.Host;
using Pyco.Network.Gateway;
using Pyco.Stack.Wire;

namespace Pyco.Cli.Net;

/// <summary>The options of pyco-net start that give its hosts a way out.</summary>
internal sealed class NatOptions
{
    private readonly Option<bool> _nat = Flag("--nat", "Let hosts reach the outside by the gateway, as far as --allow says.");
    private readonly Option<string[]> _allow = new("--allow")
    {
        HelpName = "DEST[/LEN][:PORT[-PORT]]",
        Description = "With --nat: what hosts may reach; may be repeated. Default: all but 127.0.0.0/8 and 169.254.0.0/16.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _dns = new("--dns")
    {
        HelpName = "ADDR[:PORT]",
        Description = "With --nat: who answers DNS queries. Default: the first of resolv.conf.",
    };

    private readonly Option<bool> _noDhcp = Flag("--no-dhcp", "With --nat: give no addresses by DHCP.");

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _nat, _allow, _dns, _noDhcp })
            command.Options.Add(option);
    }

    /// <summary>What was asked for; null for a network without a way out.</summary>
    /// <exception cref="LaunchException">It cannot be understood.</exception>
    public GatewayOptions? Read(ParseResult words)
    {
        string[] allowed = words.GetValue(_allow) ?? [];
        string? nameServer = words.GetValue(_dns);
        if (!words.GetValue(_nat))
            return allowed.Length == 0 && nameServer is null && !words.GetValue(_noDhcp)
                ? null
                : throw LaunchException.Mistake("--allow, --dns and --no-dhcp are for networks with --nat");
        return new GatewayOptions
        {
            Allowed = [.. allowed.Select(ReadRule)],
            NameServer = nameServer is null ? null : ReadNameServer(nameServer),
            HasDhcp = !words.GetValue(_noDhcp),
        };
    }

    /// <summary>The gateway of a network whose user has named none.</summary>
    /// <exception cref="LaunchException">The subnet has no room for one.</exception>
    public static IpAddress DefaultAddress(IpPrefix subnet) =>
        subnet.Length <= 30
            ? IpAddress.FromV4(subnet.Network.V4 + 1)
            : throw LaunchException.Mistake($"{subnet} has no address for a gateway: choose a larger --subnet");

    private static AllowRule ReadRule(string text) =>
        AllowRule.TryParse(text, out AllowRule? rule)
            ? rule
            : throw LaunchException.Mistake($"'{text}' is not a destination such as 192.0.2.0/24, 192.0.2.7:443 or 0.0.0.0/0:1-1023");

    private static IpEndpoint ReadNameServer(string text) =>
        NameServerAddress.TryParse(text, out IpEndpoint server)
            ? server
            : throw LaunchException.Mistake($"'{text}' is not a name server such as 192.0.2.53 or 127.0.0.1:5353");

    private static Option<bool> Flag(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.Zero };
}
