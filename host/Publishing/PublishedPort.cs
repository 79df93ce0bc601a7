using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Pyco.Stack.Wire;

namespace Pyco.Host.Publishing;

/// <summary>A port of the machine's own network that leads to a port of a virtual host.</summary>
/// <param name="Outside">Where the machine listens; port 0 lets the kernel choose.</param>
/// <param name="Inside">The port of the virtual host.</param>
/// <param name="IsUdp">UDP, else TCP.</param>
public sealed record PublishedPort(IpEndpoint Outside, ushort Inside, bool IsUdp)
{
    private const string UdpSuffix = "/udp";
    private const string TcpSuffix = "/tcp";

    /// <summary>True if one number was given for both ports, so that the user may want to hear which.</summary>
    public bool IsOneNumber { get; init; }

    private string Suffix => IsUdp ? UdpSuffix : TcpSuffix;

    /// <summary>Whether the machine cannot listen for both at the same time.</summary>
    public bool CollidesWith(PublishedPort other)
    {
        ArgumentNullException.ThrowIfNull(other);
        IpAddress mine = Outside.Address;
        IpAddress others = other.Outside.Address;
        return IsUdp == other.IsUdp && Outside.Port != 0 && Outside.Port == other.Outside.Port &&
            mine.IsV4 == others.IsV4 && (mine == others || mine.IsAny || others.IsAny);
    }

    /// <summary>The outside for people: a UDP port has its protocol behind it.</summary>
    public string DescribeOutside() => IsUdp ? $"{Outside}{UdpSuffix}" : $"{Outside}";

    /// <summary>In the form that <see cref="TryParse"/> reads, with both ports.</summary>
    public override string ToString() => $"{Outside}:{Inside}{Suffix}";

    /// <summary>Reads <c>[ADDR:]PORT[:HOSTPORT][/tcp|/udp]</c>, with an IPv6 address in brackets. One number is both ports.</summary>
    /// <param name="text">The text.</param>
    /// <param name="port">What it says.</param>
    /// <param name="error">What is wrong with it, for the user.</param>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out PublishedPort? port, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        port = null;
        error = null;
        bool isUdp = text.EndsWith(UdpSuffix, StringComparison.Ordinal);
        string rest = isUdp || text.EndsWith(TcpSuffix, StringComparison.Ordinal) ? text[..^TcpSuffix.Length] : text;
        IpAddress address = IpAddress.LoopbackV4;
        if (TrySplitAddress(ref rest, out string? given) && !TryReadAddress(given, out address))
        {
            error = given.All(char.IsAsciiDigit)
                ? $"'{text}': {given} is not a port: they go from 0 (the kernel chooses) to 65535"
                : $"'{text}': '{given}' is not an address such as 127.0.0.1, 0.0.0.0 or [::1]";
        }
        string[] numbers = rest.Split(':');
        ushort inside = 0;
        if (error is null &&
            (numbers.Length > 2 || !TryReadPort(numbers[0], out _) || !TryReadPort(numbers[^1], out inside)))
            error = numbers.Length <= 2 && Array.TrueForAll(numbers, number => number.Length > 0 && number.All(char.IsAsciiDigit))
                ? $"'{text}': ports go to 65535"
                : $"'{text}' does not name ports: write it as 8080:80, 127.0.0.1:8080:80, 5353:53/udp, or 8080 for both";
        else if (error is null && inside == 0)
            error = $"'{text}': the program's port, the last number, is from 1 to 65535";
        if (error is not null)
            return false;
        TryReadPort(numbers[0], out ushort outside);
        port = new PublishedPort(new IpEndpoint(address, outside), inside, isUdp) { IsOneNumber = numbers.Length == 1 };
        return true;
    }

    /// <summary>Takes an address off the front: what is in brackets, or what is no number and has a colon behind it.</summary>
    private static bool TrySplitAddress(ref string text, [NotNullWhen(true)] out string? address)
    {
        int end = text.StartsWith('[')
            ? text.IndexOf("]:", StringComparison.Ordinal) + 1
            : text.IndexOf(':', StringComparison.Ordinal);
        address = end > 0 ? text[..end] : null;
        if (address is null || TryReadPort(address, out _))
            return false;
        text = text[(end + 1)..];
        return true;
    }

    private static bool TryReadAddress(string text, out IpAddress address)
    {
        bool isV6 = text.StartsWith('[');
        return IpAddress.TryParse(isV6 ? text[1..^1] : text, out address) && address.IsV4 != isV6 &&
            !text.Contains('%', StringComparison.Ordinal) && !address.IsMulticast && !address.IsLimitedBroadcast;
    }

    private static bool TryReadPort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
}
