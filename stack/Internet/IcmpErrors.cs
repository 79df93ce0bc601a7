using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>What ICMP errors mean to a socket: the errno and whether it is final, as Linux has it (net/ipv4/icmp.c).</summary>
internal static class IcmpErrors
{
    /// <summary>The sizes that networks have had (RFC 1191 §7.1), for routers that do not tell the next hop's MTU.</summary>
    private static ReadOnlySpan<ushort> Plateaus => [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];

    /// <summary>False for a message that is no error, or none that concerns a socket.</summary>
    public static bool TryMap(byte type, byte code, out Errno errno, out bool isHard)
    {
        (errno, isHard) = type switch
        {
            IcmpType.DestinationUnreachable => FromUnreachable(code),
            IcmpType.TimeExceeded => (Errno.EHOSTUNREACH, false),
            IcmpType.ParameterProblem => (Errno.EPROTO, true),
            _ => (Errno.None, false),
        };
        return errno != Errno.None;
    }

    /// <summary>The MTU to go on with after "fragmentation needed" about a packet of the given total length.</summary>
    public static int MtuFor(int nextHopMtu, int quotedTotalLength)
    {
        if (nextHopMtu != 0)
            return nextHopMtu;
        foreach (ushort plateau in Plateaus)
        {
            if (plateau < quotedTotalLength)
                return plateau;
        }
        return Plateaus[^1];
    }

    private static (Errno Errno, bool IsHard) FromUnreachable(byte code) => code switch
    {
        0 => (Errno.ENETUNREACH, false), // network
        1 => (Errno.EHOSTUNREACH, false), // host
        2 => (Errno.ENOPROTOOPT, true), // protocol
        3 => (Errno.ECONNREFUSED, true), // port
        4 => (Errno.EMSGSIZE, false), // fragmentation needed
        5 => (Errno.EOPNOTSUPP, false), // source route failed
        6 => (Errno.ENETUNREACH, true), // network unknown
        7 => (Errno.EHOSTDOWN, true), // host unknown
        8 => (Errno.ENONET, true), // source host isolated
        9 => (Errno.ENETUNREACH, true), // network prohibited
        10 => (Errno.EHOSTUNREACH, true), // host prohibited
        11 => (Errno.ENETUNREACH, false), // network, for this type of service
        12 => (Errno.EHOSTUNREACH, false), // host, for this type of service
        13 or 14 or 15 => (Errno.EHOSTUNREACH, true), // filtered, precedence
        _ => (Errno.EHOSTUNREACH, false),
    };
}
