using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;

namespace Pyco.Shim.Resolver;

/// <summary>struct hostent.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HostEntry
{
    public byte* Name;
    public byte** Aliases;
    public int Family;
    public int AddressLength;
    public byte** Addresses;
}

/// <summary>gethostbyname(3) and its kin.</summary>
internal static unsafe class HostEntries
{
    private const int HostNotFound = 1;
    private const int TryAgain = 2;
    private const int NoData = 4;
    private const int EAgain = 11;
    private const int ERange = 34;
    private const int StaticLength = 4096; // NameLookup.MaxAddresses of IPv6

    // What the functions without _r answer with: one for all threads, as they are documented.
    private static HostEntry StaticEntry;
#pragma warning disable CS0169 // the compiler does not count the use of a fixed buffer
    private static Room StaticBuffer;
#pragma warning restore CS0169

    [UnmanagedCallersOnly(EntryPoint = "gethostbyname")]
    public static HostEntry* ByName(byte* name)
    {
        Startup.Ensure();
        return StackHost.IsConfigured ? Static(name, AfInet) : Next.GetHostByName(name);
    }

    [UnmanagedCallersOnly(EntryPoint = "gethostbyname2")]
    public static HostEntry* ByName2(byte* name, int family)
    {
        Startup.Ensure();
        return StackHost.IsConfigured ? Static(name, family) : Next.GetHostByName2(name, family);
    }

    [UnmanagedCallersOnly(EntryPoint = "gethostbyname_r")]
    public static int ByNameInto(
        byte* name, HostEntry* entry, byte* buffer, nuint length, HostEntry** result, int* hostError)
    {
        Startup.Ensure();
        return StackHost.IsConfigured
            ? Find(name, AfInet, entry, buffer, length, result, hostError)
            : Next.GetHostByNameInto(name, entry, buffer, length, result, hostError);
    }

    [UnmanagedCallersOnly(EntryPoint = "gethostbyname2_r")]
    public static int ByName2Into(
        byte* name, int family, HostEntry* entry, byte* buffer, nuint length, HostEntry** result, int* hostError)
    {
        Startup.Ensure();
        return StackHost.IsConfigured
            ? Find(name, family, entry, buffer, length, result, hostError)
            : Next.GetHostByName2Into(name, family, entry, buffer, length, result, hostError);
    }

    [UnmanagedCallersOnly(EntryPoint = "gethostbyaddr")]
    public static HostEntry* ByAddress(byte* address, uint addressLength, int family)
    {
        Startup.Ensure();
        if (!StackHost.IsConfigured)
            return Next.GetHostByAddress(address, addressLength, family);
        HostEntry* result = null;
        fixed (HostEntry* entry = &StaticEntry)
        fixed (byte* buffer = StaticBuffer.Octets)
            _ = FindAddress(address, family, entry, buffer, StaticLength, &result, Libc.__h_errno_location());
        return result;
    }

    [UnmanagedCallersOnly(EntryPoint = "gethostbyaddr_r")]
    public static int ByAddressInto(
        byte* address,
        uint addressLength,
        int family,
        HostEntry* entry,
        byte* buffer,
        nuint length,
        HostEntry** result,
        int* hostError)
    {
        Startup.Ensure();
        return StackHost.IsConfigured
            ? FindAddress(address, family, entry, buffer, length, result, hostError)
            : Next.GetHostByAddressInto(address, addressLength, family, entry, buffer, length, result, hostError);
    }

    private static HostEntry* Static(byte* name, int family)
    {
        HostEntry* result = null;
        fixed (HostEntry* entry = &StaticEntry)
        fixed (byte* buffer = StaticBuffer.Octets)
            _ = Find(name, family, entry, buffer, StaticLength, &result, Libc.__h_errno_location());
        return result;
    }

    private static int Find(
        byte* name, int family, HostEntry* entry, byte* buffer, nuint length, HostEntry** result, int* hostError)
    {
        *result = null;
        WireAddress* addresses = stackalloc WireAddress[NameLookup.MaxAddresses];
        byte* canonical = stackalloc byte[DnsName.TextCapacity];
        Lookup answer = NameLookup.Find(name, family, addresses, out int found, canonical);
        int count = 0;
        for (int i = 0; i < found; i++)
        {
            if (addresses[i].Family == family)
                addresses[count++] = addresses[i];
        }

        if (count > 0)
            return Build(*canonical != 0 ? canonical : name, family, addresses, count, entry, buffer, length, result);
        return Fail(answer, hostError);
    }

    private static int FindAddress(
        byte* address, int family, HostEntry* entry, byte* buffer, nuint length, HostEntry** result, int* hostError)
    {
        *result = null;
        WireAddress wire = default;
        wire.Family = (ushort)family;
        if (family == AfInet)
            SocketAddress.WriteMapped(wire.Octets, *(uint*)address);
        else
            Memory.Copy(wire.Octets, address, 16);
        byte* name = stackalloc byte[HostsFile.NameCapacity];
        Lookup answer = NameLookup.FindName(&wire, name);
        return answer == Lookup.Found
            ? Build(name, family, &wire, 1, entry, buffer, length, result)
            : Fail(answer, hostError);
    }

    private static int Fail(Lookup answer, int* hostError)
    {
        int error = answer switch
        {
            Lookup.TryAgain => TryAgain,
            Lookup.NoData => NoData,
            _ => HostNotFound,
        };
        *hostError = error;
        *Libc.__h_errno_location() = error; // as glibc's _r functions do, on which python relies
        return answer == Lookup.TryAgain ? EAgain : 0;
    }

    /// <summary>Lays pointers, addresses and name into the caller's buffer; ERANGE if it is too small.</summary>
    private static int Build(
        byte* name,
        int family,
        WireAddress* addresses,
        int count,
        HostEntry* entry,
        byte* buffer,
        nuint length,
        HostEntry** result)
    {
        const int listEnds = 2; // one for the aliases, one for the addresses
        int addressLength = family == AfInet ? 4 : 16;
        int nameLength = Memory.Length(name) + 1;
        nuint padding = (nuint)(-(nint)buffer & (sizeof(nint) - 1));
        nuint needed = padding + (nuint)(((count + listEnds) * sizeof(nint)) + (count * addressLength) + nameLength);
        if (needed > length)
        {
            *LibcError.Location() = ERange;
            return ERange;
        }

        byte** list = (byte**)(buffer + padding);
        byte* at = (byte*)(list + count + listEnds);
        for (int i = 0; i < count; i++)
        {
            list[i] = at;
            Memory.Copy(at, addresses[i].Octets + 16 - addressLength, addressLength);
            at += addressLength;
        }

        list[count] = null;
        list[count + 1] = null;
        Memory.Copy(at, name, nameLength);
        *entry = new HostEntry
        {
            Name = at,
            Aliases = list + count + 1,
            Family = family,
            AddressLength = addressLength,
            Addresses = list,
        };
        *result = entry;
        return 0;
    }

    private struct Room
    {
        public fixed byte Octets[StaticLength];
    }
}
