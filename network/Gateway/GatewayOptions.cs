using Pyco.Host;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>How a network's hosts get out.</summary>
public sealed record GatewayOptions
{
    /// <summary>What hosts may reach; empty for all that is not the machine's own.</summary>
    public IReadOnlyList<AllowRule> Allowed { get; init; } = [];

    /// <summary>Who answers the hosts' DNS queries, or null for the first one of the machine's resolv.conf.</summary>
    public IpEndpoint? NameServer { get; init; }

    /// <summary>Whether to give addresses to clients that ask for one (RFC 2131).</summary>
    public bool HasDhcp { get; init; } = true;

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It did not.</exception>
    public static GatewayOptions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] words = text.Split(' ');
        if (words.Length != 3 || !bool.TryParse(words[0], out bool hasDhcp))
            throw new FormatException($"'{text}' is not a gateway's options");
        return new GatewayOptions
        {
            HasDhcp = hasDhcp,
            NameServer = words[1].Length == 0 ? null
                : NameServerAddress.TryParse(words[1], out IpEndpoint server) ? server
                : throw new FormatException($"'{words[1]}' is not a name server"),
            Allowed =
            [
                .. words[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(word =>
                    AllowRule.TryParse(word, out AllowRule? rule) ? rule : throw new FormatException($"'{word}' is not a destination")),
            ],
        };
    }

    /// <summary>One word each, none with a blank.</summary>
    public override string ToString() => $"{HasDhcp} {NameServer} {string.Join(',', Allowed)}";
}
