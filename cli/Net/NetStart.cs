using System.CommandLine;
using System.Globalization;
using Pyco.Cli.Startup;
using Pyco.Network;
using Pyco.Network.Gateway;
using Pyco.Stack.Wire;

namespace Pyco.Cli.Net;

/// <summary>pyco-net start.</summary>
internal sealed class NetStart
{
    /// <summary>RFC 791 §3.2: every link must carry packets of this length.</summary>
    private const int MinimumMtu = 68;

    private const int MaximumMtu = 9000;

    private readonly ProgramEnvironment _environment;
    private readonly Argument<string?> _path = NetArguments.Path();
    private readonly Option<string?> _subnet = Text("--subnet", "SUBNET", "Where hosts without -a get their addresses. Default: 10.40.0.0/24.");
    private readonly Option<string?> _gateway = Text("--gateway", "ADDR", "Router of hosts that name none with -g.");
    private readonly Option<string?> _mtu = Text("--mtu", "OCTETS", "Largest IP packet between hosts, up to 9000. Default: 1500.");
    private readonly Option<string?> _mode = Text("--mode", "MODE", "Permissions of the sockets, octal. Default: 600, the user alone.");
    private readonly Option<string?> _group = Text("--group", "GROUP", "Group of the sockets.");
    private readonly Option<string?> _tap = Text(
        "--tap", "NAME,ADDR/LEN", "Make the machine itself a host: a TAP device of this name and address. Needs root.");

    private readonly Option<string?> _management = Text("--mgmt", "SOCKET", "Where vdeterm and unixcmd ask. Default: PATH/mgmt.");
    private readonly Option<bool> _hub = new("--hub") { Description = "Send every frame to every port.", Arity = ArgumentArity.Zero };
    private readonly Option<bool> _json = NetArguments.Json();
    private readonly NatOptions _nat = new();

    public NetStart(ProgramEnvironment environment)
    {
        _environment = environment;
        Command = new Command("start", "Start a network in the background.")
        {
            _path, _subnet, _gateway, _mtu, _mode, _group, _tap, _management, _hub, _json,
        };
        _nat.AddTo(Command);
        Command.SetAction(Run);
    }

    public Command Command { get; }

    private int Run(ParseResult words)
    {
        IpPrefix subnet = words.GetValue(_subnet) is { } text ? ReadSubnet(text) : NetworkOptions.DefaultSubnet;
        GatewayOptions? nat = _nat.Read(words);
        NetworkOptions options = new()
        {
            Path = NetArguments.PathOf(words.GetValue(_path)),
            Subnet = subnet,
            Gateway = words.GetValue(_gateway) is { } gateway ? ReadGateway(gateway, subnet) : nat is null ? null : NatOptions.DefaultAddress(subnet),
            Mtu = words.GetValue(_mtu) is { } mtu ? ReadMtu(mtu) : NetworkOptions.DefaultMtu,
            Mode = words.GetValue(_mode) is { } mode ? ReadMode(mode) : UnixFileMode.UserRead | UnixFileMode.UserWrite,
            Group = words.GetValue(_group),
            Tap = words.GetValue(_tap) is { } tap ? ReadTap(tap) : null,
            ManagementSocket = words.GetValue(_management) is { } management ? AbsolutePath.Of(management) : null,
            Nat = nat,
            IsHub = words.GetValue(_hub),
        };
        if (nat is not null && options.Tap?.Address.Address == options.Gateway)
            throw LaunchException.Mistake($"the TAP has the gateway's address {options.Gateway}: choose another with --gateway");
        if (Path.TrimEndingDirectorySeparator(options.Path) == RuntimeFolder.DefaultNetwork(Environment.GetEnvironmentVariable))
            RuntimeFolder.Ensure(Environment.GetEnvironmentVariable);
        string pid = NetworkRole.Start(options, _environment);
        Terminal.Out(words.GetValue(_json)
            ? NetArguments.Ask(options.Path, "status")
            : $"network {options.Path} is up: {options.Subnet}, process {pid}\n");
        return ExitStatus.Success;
    }

    private static TapOptions ReadTap(string text)
    {
        int comma = text.IndexOf(',', StringComparison.Ordinal);
        return comma > 0 && TapOptions.IsName(text[..comma]) && IpPrefix.TryParse(text[(comma + 1)..], out IpPrefix address) &&
            address.Address.IsV4
            ? new TapOptions(text[..comma], NetArguments.CheckHost(address))
            : throw LaunchException.Mistake($"'{text}' is not a TAP device such as vde0,10.40.0.1/24");
    }

    private static IpPrefix ReadSubnet(string text)
    {
        if (!IpPrefix.TryParse(text, out IpPrefix subnet) || !subnet.Address.IsV4 || subnet.Length < 8)
            throw LaunchException.Mistake($"'{text}' is not a subnet such as 10.40.0.0/24");
        if (subnet.Network != subnet.Address)
            throw LaunchException.Mistake($"'{text}' is a host's address: the subnet is {subnet.Network}/{subnet.Length}");
        return subnet.Address.CanBeOfHost ? subnet : throw LaunchException.Mistake($"hosts cannot have addresses of {subnet}");
    }

    private static IpAddress ReadGateway(string text, IpPrefix subnet)
    {
        if (!IpAddress.TryParse(text, out IpAddress gateway) || !gateway.IsV4)
            throw LaunchException.Mistake($"'{text}' is not a gateway's address such as 10.40.0.1");
        if (subnet.Length <= 30 && (gateway == subnet.Network || gateway == subnet.DirectedBroadcast))
            throw LaunchException.Mistake($"{gateway} is no host's address in {subnet}: choose another with --gateway");
        return subnet.Contains(gateway)
            ? gateway
            : throw LaunchException.Mistake($"the gateway {gateway} cannot be reached: it is not in {subnet}");
    }

    private static int ReadMtu(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int mtu) && mtu is >= MinimumMtu and <= MaximumMtu
            ? mtu
            : throw LaunchException.Mistake($"'{text}' is not an MTU: a number from {MinimumMtu} to {MaximumMtu}");

    /// <summary>vde_switch's users give modes such as 777; to sockets, the right to execute means nothing.</summary>
    private static UnixFileMode ReadMode(string text)
    {
        const int all = 0x1ff; // 0777
        const int readWrite = 0x1b6; // 0666
        int mode = 0;
        foreach (char digit in text)
            mode = digit is >= '0' and <= '7' && mode is >= 0 and <= all ? (mode << 3) | (digit - '0') : -1;
        return mode is >= 0 and <= all && text.Length > 0
            ? (UnixFileMode)(mode & readWrite)
            : throw LaunchException.Mistake($"'{text}' is not a mode of sockets such as 600, 660 or 666");
    }

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description };
}
