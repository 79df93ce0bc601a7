using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>Destinations that a gateway lets hosts reach: a block of addresses, and of each all ports or some.</summary>
/// <param name="Block">The addresses.</param>
/// <param name="FirstPort">The lowest port.</param>
/// <param name="LastPort">The highest port.</param>
public sealed record AllowRule(IpPrefix Block, ushort FirstPort = 0, ushort LastPort = ushort.MaxValue)
{
    private const int AddressBits = 32;

    private bool HasAllPorts => FirstPort == 0 && LastPort == ushort.MaxValue;

    /// <summary>Whether the rule is about this port of this address; null stands for ICMP, which has none.</summary>
    public bool Covers(IpAddress address, ushort? port) =>
        Block.Contains(address) && (port is { } number ? number >= FirstPort && number <= LastPort : HasAllPorts);

    /// <summary>Reads <c>DEST[/LEN][:PORT[-PORT]]</c>.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out AllowRule? rule)
    {
        rule = null;
        string[] parts = (text ?? "").Split(':');
        string block = parts[0].Contains('/', StringComparison.Ordinal) ? parts[0] : $"{parts[0]}/{AddressBits}";
        if (parts.Length > 2 || !IpPrefix.TryParse(block, out IpPrefix prefix) || !prefix.Address.IsV4 ||
            prefix.Network != prefix.Address)
            return false;
        ushort first = 0;
        ushort last = ushort.MaxValue;
        if (parts.Length == 2 && !TryParsePorts(parts[1], out first, out last))
            return false;
        rule = new AllowRule(prefix, first, last);
        return true;
    }

    public override string ToString()
    {
        string block = Block.Length == AddressBits ? Block.Address.ToString() : Block.ToString();
        string ports = HasAllPorts ? "" : FirstPort == LastPort ? $":{FirstPort}" : $":{FirstPort}-{LastPort}";
        return block + ports;
    }

    private static bool TryParsePorts(string text, out ushort first, out ushort last)
    {
        string[] ends = text.Split('-');
        last = 0;
        return TryParsePort(ends[0], out first) && ends.Length <= 2 && TryParsePort(ends[^1], out last) && first <= last;
    }

    private static bool TryParsePort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port != 0;
}
