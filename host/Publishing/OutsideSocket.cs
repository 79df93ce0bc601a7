using Pyco.Posix;

namespace Pyco.Host.Publishing;

/// <summary>Makes sockets of the machine's own network, which no virtual network is in between of.</summary>
internal static unsafe class OutsideSocket
{
    /// <summary>A listening socket; the kernel cuts the backlog to net.core.somaxconn.</summary>
    /// <exception cref="PublishException">The kernel refuses.</exception>
    public static int Listen(PublishedPort port, int backlog, out PublishedPort bound)
    {
        int descriptor = Open(port, Constants.SockStream);
        // What the connections of a host before us left behind in TIME-WAIT does not keep the port.
        Enable(descriptor, Constants.SolSocket, OptionNumbers.SoReuseAddr);
        Bind(descriptor, port, out bound);
        return Libc.listen(descriptor, backlog) == 0 ? descriptor : throw Refused(descriptor, port);
    }

    /// <summary>A socket for datagrams.</summary>
    /// <exception cref="PublishException">The kernel refuses.</exception>
    public static int OpenDatagram(PublishedPort port, out PublishedPort bound)
    {
        // Not SO_REUSEADDR, with which two sockets could have the same port and one of them would hear nothing.
        int descriptor = Open(port, Constants.SockDgram);
        Bind(descriptor, port, out bound);
        return descriptor;
    }

    public static void Enable(int descriptor, int level, int option)
    {
        int one = 1;
        _ = Libc.setsockopt(descriptor, level, option, &one, sizeof(int));
    }

    /// <summary>Closes a TCP connection with RST.</summary>
    public static void Reset(int descriptor)
    {
        int* linger = stackalloc int[2]; // struct linger: l_onoff, l_linger
        (linger[0], linger[1]) = (1, 0);
        _ = Libc.setsockopt(descriptor, Constants.SolSocket, OptionNumbers.SoLinger, linger, 2 * sizeof(int));
    }

    private static int Open(PublishedPort port, int type)
    {
        int family = new InternetAddress(port.Outside).Family;
        int descriptor = Libc.socket(family, type | Constants.SockNonblock | Constants.SockCloexec, 0);
        if (descriptor < 0)
            throw PublishException.Last(port);
        // [::] and 0.0.0.0 can both be published, each for its own family.
        if (family == Constants.AfInet6)
            Enable(descriptor, OptionNumbers.IpProtoIpv6, OptionNumbers.Ipv6V6Only);
        return descriptor;
    }

    private static void Bind(int descriptor, PublishedPort port, out PublishedPort bound)
    {
        if (InternetAddress.Bind(descriptor, new InternetAddress(port.Outside)) < 0 ||
            !InternetAddress.TryGetLocal(descriptor, out InternetAddress local))
            throw Refused(descriptor, port);
        bound = port with { Outside = local.Endpoint };
    }

    private static PublishException Refused(int descriptor, PublishedPort port)
    {
        PublishException refused = PublishException.Last(port);
        _ = Libc.close(descriptor);
        return refused;
    }
}
