using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>
/// What sendto() says at once of where a datagram is to go: no route leads there, or it is for all and the socket may not send so.
/// It decides as the stack does (RouteTable), from the host's addresses and gateway, which it asks for once: they stay as they are.
/// </summary>
internal static unsafe class DatagramRoute
{
    /// <summary>A host with more addresses than this tells later, as an error of the socket.</summary>
    private const int MostSubnets = 16;

    private const int NotAsked = 0;
    private const int Unknown = -1;

    private static Subnets Known;
    private static volatile int KnownCount = NotAsked;
    private static volatile bool HasGateway;

    /// <returns>ENETUNREACH, or EACCES without SO_BROADCAST (ip(7)).</returns>
    internal static Errno Check(int fd, WireAddress* destination)
    {
        const int loopbackNet = 127;
        const int groups = 0xe; // 224/4
        if (!SocketAddress.IsMapped(destination->Octets))
            return Errno.ENETUNREACH; // no host has IPv6
        uint address = Number(destination->Octets);
        if (address == 0 || address >> 24 == loopbackNet)
            return Errno.None; // 0.0.0.0 is this host, as in Linux
        int count = KnownCount == NotAsked ? Ask() : KnownCount;
        if (count == Unknown)
            return Errno.None;
        bool isReached = HasGateway || address >> 28 == groups;
        bool isForAll = address == uint.MaxValue;
        fixed (Subnets* subnets = &Known)
        {
            for (int i = 0; i < count; i++)
            {
                Subnet* subnet = (Subnet*)subnets->Octets + i;
                if (address == subnet->Own)
                    return Errno.None;
                isReached |= ((address ^ subnet->Own) & subnet->Mask) == 0;
                isForAll |= subnet->HasBroadcast != 0 && address == (subnet->Own | ~subnet->Mask);
            }
        }

        if (isForAll)
            return MaySendToAll(fd) ? Errno.None : Errno.EACCES;
        return isReached ? Errno.None : Errno.ENETUNREACH;
    }

    /// <summary>
    /// Asks the host while the program opens a socket: later it may have forbidden itself to do so (seccomp), and asking takes one.
    /// </summary>
    internal static void Learn()
    {
        if (KnownCount == NotAsked)
            _ = Ask();
    }

    /// <summary>Two threads that ask at the same time write the same.</summary>
    /// <returns>How many subnets there are.</returns>
    private static int Ask()
    {
        const int firstOfLink = 1;
        const int longestWithBroadcast = 30; // RFC 3021
        int count = 0;
        Errno error;
        Reply reply;
        fixed (Subnets* subnets = &Known)
        {
            for (int number = firstOfLink; (error = Interfaces.Get(number, &reply)) == Errno.None; number++)
            {
                if (count == MostSubnets)
                    return KnownCount = Unknown;
                if (!SocketAddress.IsMapped(reply.Address.Octets))
                    continue;
                InterfaceDescription* description = Interfaces.Description(&reply);
                WireAddress mask = Interfaces.Netmask(&reply);
                Subnet* subnet = (Subnet*)subnets->Octets + count++;
                subnet->Own = Number(reply.Address.Octets);
                subnet->Mask = Number(mask.Octets);
                subnet->HasBroadcast = description->PrefixLength <= longestWithBroadcast ? 1 : 0;
                if (*(uint*)description->Gateway != 0)
                    HasGateway = true;
            }
        }

        if (count == 0 || error != Errno.ENODEV)
            return Unknown; // the host has not told all: it is asked again
        KnownCount = count;
        return count;
    }

    /// <summary>The kernel socket holds the option.</summary>
    private static bool MaySendToAll(int fd)
    {
        int value = 0;
        uint length = sizeof(int);
        return Kernel.GetOption(fd, SolSocket, SoBroadcast, &value, &length) < 0 || value != 0;
    }

    /// <summary>The IPv4 address at the end of a mapped one.</summary>
    private static uint Number(byte* mapped) =>
        ((uint)mapped[12] << 24) | ((uint)mapped[13] << 16) | ((uint)mapped[14] << 8) | mapped[15];

    private struct Subnet
    {
        // In host order.
        public uint Own;
        public uint Mask;

        public int HasBroadcast;
    }

    private struct Subnets
    {
        // The size of Subnet: 3 * 4.
        public fixed byte Octets[MostSubnets * 12];
    }
}
