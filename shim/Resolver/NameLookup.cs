using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;

namespace Pyco.Shim.Resolver;

/// <summary>Which addresses a name has: numbers, localhost, the host's own name, /etc/hosts. There is no DNS yet.</summary>
internal static unsafe class NameLookup
{
    internal const int MaxAddresses = 16;

    /// <summary>All addresses of a name, IPv4 first, since the stack has no IPv6 yet (RFC 6724 rule 1).</summary>
    internal static int Find(byte* name, WireAddress* addresses)
    {
        if (Numeric.TryParse(name, addresses))
            return 1;
        if (IsLocalhost(name))
            return WriteLoopback(addresses);
        if (IsOwnName(name) && TryGetOwnAddress(addresses))
            return 1;
        int count = HostsFile.FindAddresses(name, addresses, MaxAddresses);
        MoveV4ToFront(addresses, count);
        return count;
    }

    internal static int WriteLoopback(WireAddress* addresses)
    {
        const uint loopback = 0x0100007f; // 127.0.0.1 in network order
        addresses[0] = default;
        addresses[0].Family = AfInet;
        SocketAddress.WriteMapped(addresses[0].Octets, loopback);
        addresses[1] = default;
        addresses[1].Family = AfInet6;
        addresses[1].Octets[15] = 1;
        return 2;
    }

    /// <summary>RFC 6761 §6.3: localhost and all names below it are loopback.</summary>
    private static bool IsLocalhost(byte* name)
    {
        const int length = 9;
        int nameLength = Memory.Length(name);
        if (nameLength < length || (nameLength > length && name[nameLength - length - 1] != '.'))
            return false;
        fixed (byte* localhost = "localhost\0"u8)
            return Libc.strcasecmp(name + nameLength - length, localhost) == 0;
    }

    private static bool IsOwnName(byte* name)
    {
        UnixName names;
        return HostName.IsConfigured && HostName.Read(&names) >= 0 && Libc.strcasecmp(name, names.Node) == 0;
    }

    private static bool TryGetOwnAddress(WireAddress* address)
    {
        Reply reply;
        for (int number = 0; Interfaces.TryGet(number, &reply); number++)
        {
            if (reply.Address.Octets[12] == 127)
                continue;
            *address = reply.Address;
            return true;
        }

        return false;
    }

    private static void MoveV4ToFront(WireAddress* addresses, int count)
    {
        int front = 0;
        for (int i = 0; i < count; i++)
        {
            if (addresses[i].Family != AfInet)
                continue;
            WireAddress moved = addresses[i];
            for (int j = i; j > front; j--)
                addresses[j] = addresses[j - 1];
            addresses[front++] = moved;
        }
    }
}
