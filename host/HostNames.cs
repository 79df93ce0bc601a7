using Pyco.Host.Protocol;

namespace Pyco.Host;

/// <summary>Which names a host may have.</summary>
public static class HostNames
{
    /// <summary>HOST_NAME_MAX.</summary>
    public const int Capacity = HostProtocol.HostNameCapacity;

    /// <summary>Whether it is a name that a program may see of its host: letters, digits, dots, hyphens, underscores.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= Capacity && name[0] is not ('-' or '.') &&
            name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_');
    }

    /// <summary>
    /// Whether a network's other hosts find the host by it. A name with a dot in it may be somebody's outside, and a host that
    /// chose it would get what is meant for him; nor may a host be all others' localhost.
    /// </summary>
    public static bool IsKnownToOthers(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return IsName(name) && name.Length < 64 && !name.Contains('.', StringComparison.Ordinal) &&
            !name.All(char.IsAsciiDigit) && !name.Equals("localhost", StringComparison.OrdinalIgnoreCase);
    }
}
