using Pyco.Host.Protocol;

namespace Pyco.Host;

/// <summary>Which names a host may have.</summary>
public static class HostNames
{
    /// <summary>HOST_NAME_MAX: what gethostname(2) can tell, which is less than the 253 that DNS can carry.</summary>
    public const int Capacity = HostProtocol.HostNameCapacity;

    /// <summary>How many domains a name is looked for in (MAXDNSRCH of resolv.conf(5), as it was for long).</summary>
    public const int MostSearchDomains = 6;

    /// <summary>RFC 1035 §2.3.4.</summary>
    private const int LongestLabel = 63;

    /// <summary>
    /// Says what keeps a name from being a host's (RFC 952, RFC 1123 §2.1): it is made of letters, digits and hyphens, in labels
    /// joined by dots, and nobody may take it for an address.
    /// </summary>
    /// <returns>The end of a sentence, or null for a good name.</returns>
    public static string? FindFault(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string[] labels = name.Split('.');
        if (name.Length > Capacity || !labels.All(IsLabel))
            return $"is not a host name: letters, digits and hyphens, with dots between labels, at most {Capacity} characters";
        return IsNumber(labels[^1]) ? "is an address or would be taken for one, and not a host name" : null;
    }

    /// <summary>Whether it is the name of a domain, one of which may be put behind a host's name.</summary>
    public static bool IsDomain(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length <= HostProtocol.OptionCapacity && name.Split('.').All(IsLabel);
    }

    /// <summary>Whether it is a name that a program may see of its host.</summary>
    public static bool IsName(string name) => FindFault(name) is null;

    /// <summary>
    /// Whether a network's other hosts find the host by it. A name with a dot in it may be somebody's outside, and a host that
    /// chose it would get what is meant for him; nor may a host be all others' localhost.
    /// </summary>
    public static bool IsKnownToOthers(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return IsName(name) && !name.Contains('.', StringComparison.Ordinal) &&
            !name.Equals("localhost", StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= LongestLabel && label[0] != '-' && label[^1] != '-' &&
        label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-');

    /// <summary>Whether inet_aton(3) reads a label as a number: what ends in one is 10.1.2.3, 10.1 or 0xa010203.</summary>
    private static bool IsNumber(string label) =>
        label.All(char.IsAsciiDigit) ||
        (label.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && label[2..].All(char.IsAsciiHexDigit));
}
