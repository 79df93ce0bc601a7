using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>
/// Datagrams that must not be cut (IP_MTU_DISCOVER, ip(7)): send() says at once that one is larger than the link takes. What only a
/// path further on does not take comes later, as an error of the socket.
/// </summary>
internal static unsafe class DatagramLimit
{
    private const int HeaderLength = 20; // IPv4

    private const int UdpHeaderLength = 8;

    /// <summary>IP_PMTUDISC_DO, IP_PMTUDISC_PROBE and IP_PMTUDISC_INTERFACE.</summary>
    private const int FirstStrict = 2;

    private const int LastStrict = 4;

    private static volatile bool IsOfInterest;
    private static volatile uint LinkMtu;

    /// <summary>An option is set: a process that never sets this one need not look at what it sends.</summary>
    internal static void Note(int level, int name)
    {
        bool isDiscovery = level == IpProtoIp && name == IpMtuDiscover; // IPv6's concerns nobody here
        if (isDiscovery && !IsOfInterest)
            IsOfInterest = true;
    }

    /// <returns>EMSGSIZE if the datagram is too large and must not be cut.</returns>
    internal static Errno Check(int fd, SocketState state, nuint payload, WireAddress* destination)
    {
        if (!IsOfInterest)
            return Errno.None;
        int headers = Descriptor.IsEcho(state) ? HeaderLength : HeaderLength + UdpHeaderLength;
        if (payload + (nuint)headers <= TakeLinkMtu())
            return Errno.None;
        int discovery = 0;
        uint length = sizeof(int);
        if (Options.GetFromHost(fd, IpProtoIp, IpMtuDiscover, (byte*)&discovery, &length) != Errno.None ||
            discovery is < FirstStrict or > LastStrict)
            return Errno.None;
        WireAddress peer;
        if (destination != null)
            peer = *destination;
        else if (DatagramPeer.Get(fd, state, &peer) != Errno.None)
            return Errno.None;
        if (IsOwn(&peer))
            return Errno.None;
        if ((state & SocketState.ReceivesErrors) != 0)
            DatagramErrors.Add(fd, state, &peer, LinkMtu);
        return Errno.EMSGSIZE;
    }

    private static nuint TakeLinkMtu()
    {
        const int firstOfLink = 1;
        Reply reply;
        if (LinkMtu == 0 && Interfaces.TryGet(firstOfLink, &reply))
            LinkMtu = Interfaces.Description(&reply)->Mtu;
        return LinkMtu;
    }

    /// <summary>What a host sends to itself crosses no link.</summary>
    private static bool IsOwn(WireAddress* peer)
    {
        const byte loopbackNet = 127;
        const int firstOctet = 12; // of the IPv4-mapped form
        if (SocketAddress.IsMapped(peer->Octets) && peer->Octets[firstOctet] == loopbackNet)
            return true;
        Reply reply;
        for (int number = 0; Interfaces.TryGet(number, &reply); number++)
        {
            if (Memory.Equal(peer->Octets, reply.Address.Octets, 16))
                return true;
        }

        return false;
    }
}
