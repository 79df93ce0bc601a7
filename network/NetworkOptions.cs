using System.Globalization;
using Pyco.Network.Gateway;
using Pyco.Stack.Wire;

namespace Pyco.Network;

/// <summary>What a network is started with.</summary>
public sealed record NetworkOptions
{
    public const int DefaultMtu = 1500;

    /// <summary>The subnet of a network that was told none.</summary>
    public static IpPrefix DefaultSubnet { get; } = IpPrefix.Parse("10.40.0.0/24");

    /// <summary>The control directory, absolute.</summary>
    public required string Path { get; init; }

    /// <summary>Where hosts without an address of their own get one.</summary>
    public IpPrefix Subnet { get; init; } = DefaultSubnet;

    /// <summary>The router of hosts that name none, or null.</summary>
    public IpAddress? Gateway { get; init; }

    /// <summary>The largest IP packet in octets between hosts of the network.</summary>
    public int Mtu { get; init; } = DefaultMtu;

    /// <summary>True to send every frame to every port.</summary>
    public bool IsHub { get; init; }

    /// <summary>Who may plug in, as permission bits of the sockets.</summary>
    public UnixFileMode Mode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The group that owns the sockets, or null for the user's own.</summary>
    public string? Group { get; init; }

    /// <summary>The machine's own way into the network, or null; it needs root.</summary>
    public TapOptions? Tap { get; init; }

    /// <summary>The path of the socket for VDE's management programs, absolute; null for <c>mgmt</c> in the control directory.</summary>
    public string? ManagementSocket { get; init; }

    /// <summary>The way out of the network at <see cref="Gateway"/>, or null for none.</summary>
    public GatewayOptions? Nat { get; init; }

    /// <summary>True for a network that nobody asked for by name: it ends when it has been empty for a while.</summary>
    public bool EndsWhenEmpty { get; init; }

    /// <summary>One <c>name=value</c> each line.</summary>
    public string Write() => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        path={Path}
        subnet={Subnet}
        gateway={Gateway}
        mtu={Mtu}
        hub={IsHub}
        mode={(int)Mode}
        group={Group}
        tap={Tap}
        mgmt={ManagementSocket}
        nat={Nat}
        ends-when-empty={EndsWhenEmpty}

        """);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">It did not.</exception>
    public static NetworkOptions Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Dictionary<string, string> lines = text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2))
            .ToDictionary(parts => parts[0], parts => parts.Length == 2 ? parts[1] : "");
        string Get(string name) => lines.TryGetValue(name, out string? value) ? value : throw new FormatException($"no {name}");
        string? Optional(string name) => Get(name) is { Length: > 0 } value ? value : null;
        return new NetworkOptions
        {
            Path = Get("path"),
            Subnet = IpPrefix.Parse(Get("subnet")),
            Gateway = Optional("gateway") is { } gateway ? IpAddress.Parse(gateway) : null,
            Mtu = int.Parse(Get("mtu"), CultureInfo.InvariantCulture),
            IsHub = bool.Parse(Get("hub")),
            Mode = (UnixFileMode)int.Parse(Get("mode"), CultureInfo.InvariantCulture),
            Group = Optional("group"),
            Tap = Optional("tap") is { } tap ? ReadTap(tap) : null,
            ManagementSocket = Optional("mgmt"),
            Nat = Optional("nat") is { } nat ? GatewayOptions.Parse(nat) : null,
            EndsWhenEmpty = bool.Parse(Get("ends-when-empty")),
        };
    }

    private static TapOptions ReadTap(string text) =>
        TapOptions.TryParse(text, out TapOptions? tap) ? tap : throw new FormatException($"'{text}' is not a TAP device");
}
