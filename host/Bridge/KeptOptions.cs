using System.Runtime.InteropServices;
using Pyco.Stack;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Host.Bridge;

/// <summary>
/// Options that a socket keeps and that have no effect here, because what they are about does not exist: IPv6. Programs set them
/// beside IPv4's of the same meaning, which are other ones in Linux too, and read them back.
/// </summary>
internal sealed class KeptOptions
{
    private const int AsDefault = -1;
    private const int CongestionBits = 3; // ECN's, which are TCP's own (INET_ECN_MASK)

    private Dictionary<int, int>? _values;

    /// <summary>Whether it is one of them.</summary>
    public static bool IsOne(int level, int name) => level == IpProtoIpv6 && Default(name) is not null;

    /// <summary>setsockopt(2) with the checks of Linux's do_ipv6_setsockopt (6.1).</summary>
    /// <param name="name">Of the level IPPROTO_IPV6.</param>
    /// <param name="value">As the program has given it.</param>
    /// <param name="isStream">Whether it is a TCP socket.</param>
    public Errno Set(int name, ReadOnlySpan<byte> value, bool isStream)
    {
        if (!MemoryMarshal.TryRead(value, out int number) || !IsPossible(name, number) || Default(name) is not { } usual)
            return Errno.EINVAL;
        if (number == AsDefault)
            number = usual;
        if (name == Ipv6TClass && isStream)
            number = (number & ~CongestionBits) | (Get(name) & CongestionBits);
        _values ??= [];
        _values[name] = number;
        return Errno.None;
    }

    public int Get(int name) => _values is not null && _values.TryGetValue(name, out int value) ? value : Default(name) ?? 0;

    /// <summary>What an accepted socket gets of its listener.</summary>
    public KeptOptions Copy() => new() { _values = _values is null ? null : new(_values) };

    private static int? Default(int name) => name switch
    {
        Ipv6TClass => 0,
        Ipv6UnicastHops => 64,
        Ipv6MtuDiscover => 1, // IPV6_PMTUDISC_WANT
        _ => null,
    };

    private static bool IsPossible(int name, int number) => name switch
    {
        Ipv6MtuDiscover => number is >= 0 and <= 5,
        _ => number is >= AsDefault and <= byte.MaxValue,
    };
}
