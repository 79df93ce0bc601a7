using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Wire;

namespace Pyco.Network;

/// <summary>A TAP device that makes the machine itself a host of the network.</summary>
/// <param name="Name">The device's name.</param>
/// <param name="Address">The machine's address on it.</param>
public sealed record TapOptions(string Name, IpPrefix Address)
{
    /// <summary>IFNAMSIZ without its NUL.</summary>
    private const int NameCapacity = 15;

    /// <summary>Whether the kernel takes such a name for a device.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= NameCapacity && name is not ("." or "..") &&
            name.All(letter => letter is > ' ' and < (char)127 and not ('/' or ':' or '%'));
    }

    /// <summary>Reads <see cref="ToString"/>'s text.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TapOptions? tap)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] words = text.Split(' ');
        tap = words.Length == 2 && IpPrefix.TryParse(words[1], out IpPrefix address) ? new TapOptions(words[0], address) : null;
        return tap is not null;
    }

    public override string ToString() => $"{Name} {Address}";
}
