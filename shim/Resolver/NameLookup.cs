using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;

namespace Pyco.Shim.Resolver;

/// <summary>
/// Which addresses a name has: numbers, localhost, the host's own name, /etc/hosts, the hosts of its network, DNS.
/// </summary>
internal static unsafe class NameLookup
{
    /// <summary>As many as fit with their callers' other variables into a frame of one page.</summary>
    internal const int MaxAddresses = 128;

    /// <summary>All addresses of a name, IPv4 first, since the stack has no IPv6 yet (RFC 6724 rule 1).</summary>
    /// <param name="name">The name.</param>
    /// <param name="family">
    /// What to ask DNS for: IPv6 addresses only for AF_INET6, because nobody could be reached at them.
    /// </param>
    /// <param name="addresses">Room for <see cref="MaxAddresses"/>.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="canonical">Room for <see cref="DnsName.TextCapacity"/>: the name that DNS has them under, or an empty one.</param>
    internal static Lookup Find(byte* name, int family, WireAddress* addresses, out int count, byte* canonical)
    {
        *canonical = 0;
        count = FindWithoutServers(name, family, addresses);
        return count > 0 ? Lookup.Found : AskServers(name, family, addresses, out count, canonical);
    }

    /// <summary>The name of an address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="name">Room for <see cref="HostsFile.NameCapacity"/>.</param>
    internal static Lookup FindName(WireAddress* address, byte* name)
    {
        if (HostsFile.FindName(address, name) || NetworkHosts.TryFindName(address, name))
            return Lookup.Found;
        if (IsLoopback(address) || SocketAddress.IsAny(address))
            return Lookup.NoName;
        byte* wire = stackalloc byte[DnsName.WireCapacity];
        int length = DnsName.EncodeReverse(address->Octets, wire);
        var exchange = (DnsExchange*)Libc.malloc((nuint)sizeof(DnsExchange));
        if (exchange == null)
            return Lookup.TryAgain;
        Lookup answer = DnsClient.Ask(exchange, wire, length, DnsMessage.TypePtr);
        if (answer == Lookup.Found &&
            !DnsMessage.TryReadName(exchange->Answer, exchange->AnswerLength, exchange->QueryLength, name))
            answer = Lookup.NoName;
        Libc.free(exchange);
        return answer;
    }

    private static int FindWithoutServers(byte* name, int family, WireAddress* addresses)
    {
        if (Numeric.TryParse(name, addresses))
            return 1;
        if (IsLocalhost(name))
            return WriteLoopback(family, addresses);
        if (IsOwnName(name) && TryGetOwnAddress(addresses))
            return 1;
        int count = HostsFile.FindAddresses(name, addresses, MaxAddresses);
        MoveV4ToFront(addresses, count);
        return count > 0 ? count : NetworkHosts.TryFindAddress(name, addresses) ? 1 : 0;
    }

    /// <summary>
    /// As libc with "options ndots:1": a name with a dot is tried as it is before it is looked for in the search domains, another
    /// one after that, and one that ends with a dot only as it is.
    /// </summary>
    private static Lookup AskServers(byte* name, int family, WireAddress* addresses, out int count, byte* canonical)
    {
        count = 0;
        int length = Memory.Length(name);
        bool hasDot = HasDot(name);
        Lookup answer = hasDot ? AskServersFor(name, family, addresses, out count, canonical) : Lookup.NoName;
        if (answer is Lookup.Found or Lookup.TryAgain || (length > 0 && name[length - 1] == '.'))
            return answer;
        byte* whole = stackalloc byte[DnsName.TextCapacity];
        for (int number = 0; TryAppendDomain(name, length, number, whole); number++)
        {
            Lookup there = AskServersFor(whole, family, addresses, out count, canonical);
            if (there is Lookup.Found or Lookup.TryAgain)
                return there;
            if (there == Lookup.NoData)
                answer = there;
        }

        if (hasDot)
            return answer;
        Lookup last = AskServersFor(name, family, addresses, out count, canonical);
        return last == Lookup.NoName ? answer : last;
    }

    private static bool HasDot(byte* name)
    {
        while (*name is not (0 or (byte)'.'))
            name++;
        return *name != 0;
    }

    /// <summary>Writes the name with a search domain behind it; false behind the last domain, or if that is too long.</summary>
    private static bool TryAppendDomain(byte* name, int length, int number, byte* whole)
    {
        Reply reply;
        if (HostRequest.Ask(HostRequest.NoSocket, Operation.GetSearchDomain, number, &reply) != Errno.None ||
            length + reply.OptionLength + 2 > DnsName.TextCapacity)
            return false;
        Memory.Copy(whole, name, length);
        whole[length] = (byte)'.';
        Memory.Copy(whole + length + 1, reply.Option, reply.OptionLength);
        whole[length + 1 + reply.OptionLength] = 0;
        return true;
    }

    private static Lookup AskServersFor(byte* name, int family, WireAddress* addresses, out int count, byte* canonical)
    {
        count = 0;
        byte* wire = stackalloc byte[DnsName.WireCapacity];
        int length = DnsName.Encode(name, wire);
        if (length == 0)
            return Lookup.NoName;
        var exchange = (DnsExchange*)Libc.malloc((nuint)sizeof(DnsExchange));
        if (exchange == null)
            return Lookup.TryAgain;
        ushort type = family == AfInet6 ? DnsMessage.TypeAaaa : DnsMessage.TypeA;
        Lookup answer = DnsClient.Ask(exchange, wire, length, type);
        if (answer == Lookup.Found)
        {
            count = DnsMessage.ReadAddresses(
                exchange->Answer, exchange->AnswerLength, exchange->QueryLength, wire, addresses, MaxAddresses);
            if (!DnsName.TryWriteText(wire, canonical))
                *canonical = 0;
        }

        Libc.free(exchange);
        return answer == Lookup.Found && count == 0 ? Lookup.NoData : answer;
    }

    private static bool IsLoopback(WireAddress* address) => SocketAddress.IsMapped(address->Octets)
        ? address->Octets[12] == 127
        : *(ulong*)address->Octets == 0 && *(ulong*)(address->Octets + 8) == 1ul << 56;

    /// <summary>::1 only for who asks for IPv6: a server that listens at all addresses of localhost could not bind it.</summary>
    internal static int WriteLoopback(int family, WireAddress* addresses)
    {
        const uint loopback = 0x0100007f; // 127.0.0.1 in network order
        addresses[0] = default;
        addresses[0].Family = AfInet;
        SocketAddress.WriteMapped(addresses[0].Octets, loopback);
        if (family != AfInet6)
            return 1;
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
