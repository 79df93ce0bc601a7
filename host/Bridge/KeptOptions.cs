using System.Runtime.InteropServices;
using Pyco.Stack;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Host.Bridge;

/// <summary>
/// Options that a socket keeps and that have no effect here, because what they are about does not exist: IPv6, and IPv4's options.
/// Programs set them beside IPv4's of the same meaning, which are other ones in Linux too, and read them back.
/// </summary>
internal sealed class KeptOptions
{
    private const int AsDefault = -1;
    private const int CongestionBits = 3; // ECN's, which are TCP's own (INET_ECN_MASK)

    private Dictionary<(int Level, int Name), int>? _values;

    /// <summary>Whether it is one of them.</summary>
    public static bool IsOne(int level, int name) => RuleOf(level, name) is not null;

    /// <summary>setsockopt(2) with the checks of Linux's do_ipv6_setsockopt and do_ip_setsockopt (6.1).</summary>
    /// <param name="level">IPPROTO_IP or IPPROTO_IPV6.</param>
    /// <param name="name">Of that level.</param>
    /// <param name="value">As the program has given it.</param>
    /// <param name="isStream">Whether it is a TCP socket.</param>
    public Errno Set(int level, int name, ReadOnlySpan<byte> value, bool isStream)
    {
        if (RuleOf(level, name) is not { } rule)
            return Errno.ENOPROTOOPT;
        bool isWhole = MemoryMarshal.TryRead(value, out int number);
        if (!isWhole && level == IpProtoIp && value.Length > 0)
            number = value[0];
        if (!isWhole && level != IpProtoIp && name != Ipv6DontFrag)
            return Errno.EINVAL;
        if (name == Ipv6MulticastHops && isStream)
            return Errno.ENOPROTOOPT;
        if (rule.IsFlag)
            number = number != 0 ? 1 : 0;
        else if (number < rule.Smallest || number > rule.Largest)
            return Errno.EINVAL;
        else if (number == AsDefault)
            number = rule.Default;
        if (name == Ipv6TClass && isStream)
            number = (number & ~CongestionBits) | (Get(level, name) & CongestionBits);
        _values ??= [];
        _values[(level, name)] = number;
        return Errno.None;
    }

    public int Get(int level, int name) =>
        _values is not null && _values.TryGetValue((level, name), out int value) ? value : RuleOf(level, name)?.Default ?? 0;

    /// <summary>What an accepted socket gets of its listener.</summary>
    public KeptOptions Copy() => new() { _values = _values is null ? null : new(_values) };

    private static Rule? RuleOf(int level, int name) => (level, name) switch
    {
        (IpProtoIpv6, Ipv6TClass) => new Rule(0, AsDefault, byte.MaxValue),
        (IpProtoIpv6, Ipv6UnicastHops) => new Rule(64, AsDefault, byte.MaxValue),
        (IpProtoIpv6, Ipv6MulticastHops) => new Rule(1, AsDefault, byte.MaxValue),
        (IpProtoIpv6, Ipv6MulticastLoop) => new Rule(1, 0, 1),
        (IpProtoIpv6, Ipv6MtuDiscover) => new Rule(1, 0, 5), // IPV6_PMTUDISC_WANT; up to IPV6_PMTUDISC_OMIT
        (IpProtoIpv6, Ipv6MulticastAll) => new Rule(1, 0, 1) { IsFlag = true },
        (IpProtoIpv6, Ipv6FlowInfo or Ipv6FlowInfoSend or Ipv6RecvHopOpts or Ipv6RecvRoutingHeader or Ipv6RecvDstOpts or
            Ipv6RecvPathMtu or Ipv6DontFrag) => new Rule(0, 0, 1) { IsFlag = true },
        (IpProtoIp, IpRecvOpts or IpRetOpts) => new Rule(0, 0, 1) { IsFlag = true },
        _ => null,
    };

    private readonly record struct Rule(int Default, int Smallest, int Largest)
    {
        /// <summary>Any number is 1 that is not 0.</summary>
        public bool IsFlag { get; init; }
    }
}
