using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim.Resolver;

/// <summary>struct addrinfo.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct AddressInfo
{
    public int Flags;
    public int Family;
    public int SocketType;
    public int Protocol;
    public uint AddressLength;
    public InternetAddress* Address;
    public byte* CanonicalName;
    public AddressInfo* Next;
}

/// <summary>
/// getaddrinfo(3). libc's own calls the kernel's socket functions from inside, past our exports, and would ask the
/// machine's network.
/// </summary>
internal static unsafe class GetAddressInfo
{
    private const int AiPassive = 1;
    private const int AiCanonName = 2;
    private const int AiNumericHost = 4;
    private const int AiV4Mapped = 8;
    private const int AiAddrConfig = 0x20;
    private const int AiNumericServ = 0x400;
    private const int EaiNoName = -2;
    private const int EaiAgain = -3;
    private const int EaiNoData = -5;
    private const int EaiFamily = -6;
    private const int EaiSockType = -7;
    private const int EaiService = -8;
    private const int EaiMemory = -10;
    private const int EaiAddrFamily = -9;

    [UnmanagedCallersOnly(EntryPoint = "getaddrinfo")]
    public static int Get(byte* node, byte* service, AddressInfo* hints, AddressInfo** result)
    {
        Startup.Ensure();
        return StackHost.IsConfigured
            ? Answer(node, service, hints, result)
            : Next.GetAddressInfo(node, service, hints, result);
    }

    [UnmanagedCallersOnly(EntryPoint = "freeaddrinfo")]
    public static void Free(AddressInfo* list)
    {
        Startup.Ensure();
        if (!StackHost.IsConfigured)
        {
            Next.FreeAddressInfo(list);
            return;
        }

        while (list != null)
        {
            AddressInfo* next = list->Next;
            Libc.free(list); // address and name lie in the same block
            list = next;
        }
    }

    private static int Answer(byte* node, byte* service, AddressInfo* hints, AddressInfo** result)
    {
        AddressInfo none = default;
        if (hints == null)
            none.Flags = AiV4Mapped | AiAddrConfig;
        AddressInfo* wanted = hints != null ? hints : &none;
        if (node == null && service == null)
            return EaiNoName;
        if (wanted->Family is not (AfUnspec or AfInet or AfInet6))
            return EaiFamily;
        WireAddress* addresses = stackalloc WireAddress[NameLookup.MaxAddresses];
        byte* canonical = stackalloc byte[DnsName.TextCapacity];
        *canonical = 0;
        int count = FindAddresses(node, wanted, addresses, canonical);
        return count < 0 ? count : Build(*canonical != 0 ? canonical : node, service, wanted, addresses, count, result);
    }

    /// <returns>How many addresses of the wanted family there are, or an EAI_ error.</returns>
    private static int FindAddresses(byte* node, AddressInfo* hints, WireAddress* addresses, byte* canonical)
    {
        WireAddress number;
        int count;
        bool isNumber = node != null && Numeric.TryParse(node, &number);
        Lookup answer = Lookup.Found;
        if (node == null && (hints->Flags & AiPassive) != 0)
            count = WriteAny(addresses);
        else if (node == null)
            count = NameLookup.WriteLoopback(hints->Family, addresses);
        else if (!isNumber && (hints->Flags & AiNumericHost) != 0)
            return EaiNoName;
        else
            answer = NameLookup.Find(node, hints->Family, addresses, out count, canonical);
        bool takesMapped = hints->Family == AfInet6 && (hints->Flags & AiV4Mapped) != 0;
        if (answer == Lookup.NoData && takesMapped)
            answer = NameLookup.Find(node, AfInet, addresses, out count, canonical);
        if (answer != Lookup.Found)
            return ErrorFor(answer);
        bool withoutV6 = !isNumber && hints->Family == AfUnspec && (hints->Flags & AiAddrConfig) != 0;
        int kept = Keep(hints->Family, withoutV6, addresses, count);
        if (kept == 0 && takesMapped)
            kept = Keep(AfInet, false, addresses, count);
        return kept > 0 ? kept : isNumber ? EaiAddrFamily : EaiNoName;
    }

    private static int ErrorFor(Lookup answer) => answer switch
    {
        Lookup.TryAgain => EaiAgain,
        Lookup.NoData => EaiNoData,
        _ => EaiNoName,
    };

    /// <summary>Moves the addresses of a family to the front.</summary>
    /// <returns>How many they are.</returns>
    private static int Keep(int family, bool withoutV6, WireAddress* addresses, int count)
    {
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            bool fits = family == AfUnspec
                ? addresses[i].Family == AfInet || !withoutV6 || count == 1
                : addresses[i].Family == family;
            if (fits)
                addresses[kept++] = addresses[i];
        }

        return kept;
    }

    private static int WriteAny(WireAddress* addresses)
    {
        addresses[0] = default;
        addresses[0].Family = AfInet;
        SocketAddress.WriteMapped(addresses[0].Octets, 0);
        addresses[1] = default;
        addresses[1].Family = AfInet6;
        return 2;
    }

    private static int Build(
        byte* node, byte* service, AddressInfo* hints, WireAddress* addresses, int count, AddressInfo** result)
    {
        AddressInfo* first = null;
        AddressInfo** end = &first;
        int problem = EaiSockType;
        for (int i = 0; i < count; i++)
        {
            for (int kind = 0; kind < ServiceKind.Count; kind++)
            {
                (int type, int protocol) = ServiceKind.At(kind);
                if ((hints->SocketType != 0 && hints->SocketType != type) ||
                    (hints->Protocol != 0 && hints->Protocol != protocol && protocol != 0))
                    continue;
                int port = ServiceKind.FindPort(service, protocol, (hints->Flags & AiNumericServ) != 0);
                if (port < 0)
                {
                    problem = port == ServiceKind.NotANumber ? EaiNoName : EaiService;
                    continue;
                }

                byte* name = first == null && (hints->Flags & AiCanonName) != 0 ? node : null;
                addresses[i].Port = (ushort)port;
                AddressInfo* entry = Allocate(&addresses[i], hints->Family, name);
                if (entry == null)
                    return EaiMemory;
                entry->SocketType = type;
                entry->Protocol = protocol != 0 ? protocol : hints->Protocol;
                *end = entry;
                end = &entry->Next;
            }
        }

        if (first == null)
            return problem;
        *result = first;
        return 0;
    }

    private static AddressInfo* Allocate(WireAddress* address, int wantedFamily, byte* name)
    {
        int nameLength = name != null ? Memory.Length(name) + 1 : 0;
        nuint length = (nuint)(sizeof(AddressInfo) + sizeof(InternetAddress) + nameLength);
        AddressInfo* entry = (AddressInfo*)Libc.malloc(length);
        if (entry == null)
            return null;
        *entry = default;
        entry->Address = (InternetAddress*)(entry + 1);
        bool v6 = address->Family == AfInet6 || wantedFamily == AfInet6;
        entry->Family = v6 ? AfInet6 : AfInet;
        entry->AddressLength = SocketAddress.ToInternet(address, v6, entry->Address);
        if (name != null)
        {
            entry->CanonicalName = (byte*)(entry->Address + 1);
            Memory.Copy(entry->CanonicalName, name, nameLength);
        }

        return entry;
    }
}

/// <summary>Kinds of sockets that a service may have, in the order in which getaddrinfo gives them.</summary>
internal static unsafe class ServiceKind
{
    internal const int Count = 3;
    internal const int NotFound = -1;
    internal const int NotANumber = -2;

    internal static (int, int) At(int kind) => kind switch
    {
        0 => (SockStream, IpProtoTcp),
        1 => (SockDgram, IpProtoUdp),
        _ => (SockRaw, 0),
    };

    /// <summary>The port of a service, a number or a name of /etc/services.</summary>
    internal static int FindPort(byte* service, int protocol, bool mustBeNumber)
    {
        const int bufferLength = 1024;
        if (service == null)
            return 0;
        int number = Numeric.ParseDecimal(service, ushort.MaxValue);
        if (number >= 0)
            return number;
        if (mustBeNumber)
            return NotANumber;
        if (protocol == 0)
            return NotFound;
        byte* buffer = stackalloc byte[bufferLength];
        ServiceEntry entry;
        ServiceEntry* found;
        fixed (byte* tcp = "tcp\0"u8)
        fixed (byte* udp = "udp\0"u8)
        {
            byte* name = protocol == IpProtoTcp ? tcp : udp;
            int error = Libc.getservbyname_r(service, name, &entry, buffer, bufferLength, &found);
            return error == 0 && found != null ? SocketAddress.Swap((ushort)found->Port) : NotFound;
        }
    }
}
