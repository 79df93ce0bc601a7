using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Shim.Resolver;
using Pyco.Stack;

namespace Pyco.Shim;

/// <summary>struct ifaddrs.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InterfaceAddress
{
    public InterfaceAddress* Next;
    public byte* Name;
    public uint Flags;
    public InternetAddress* Address;
    public InternetAddress* Netmask;
    public InternetAddress* Broadcast;
    public void* Data;
}

/// <summary>struct if_nameindex.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InterfaceName
{
    public uint Index;
    public byte* Name;
}

/// <summary>getifaddrs(3), if_nameindex(3) and if_nametoindex(3): the host's interfaces instead of the machine's.</summary>
internal static unsafe class InterfaceList
{
    [UnmanagedCallersOnly(EntryPoint = "getifaddrs")]
    public static int Get(InterfaceAddress** result)
    {
        Startup.Ensure();
        return StackHost.IsConfigured ? LibcError.Answer(Build(result)) : Next.GetInterfaceAddresses(result);
    }

    [UnmanagedCallersOnly(EntryPoint = "freeifaddrs")]
    public static void Free(InterfaceAddress* list)
    {
        Startup.Ensure();
        if (!StackHost.IsConfigured)
        {
            Next.FreeInterfaceAddresses(list);
            return;
        }

        while (list != null)
        {
            InterfaceAddress* next = list->Next;
            Libc.free(list);
            list = next;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "if_nametoindex")]
    public static uint NameToIndex(byte* name)
    {
        Startup.Ensure();
        if (!StackHost.IsConfigured)
            return Next.InterfaceNameToIndex(name);
        Reply reply;
        if (Interfaces.TryFind(name, Interfaces.NameCapacity, &reply))
            return (uint)Interfaces.Description(&reply)->Index;
        _ = LibcError.Answer(Errno.ENODEV);
        return 0;
    }

    [UnmanagedCallersOnly(EntryPoint = "if_indextoname")]
    public static byte* IndexToName(uint index, byte* name)
    {
        Startup.Ensure();
        if (!StackHost.IsConfigured)
            return Next.InterfaceIndexToName(index, name);
        Reply reply;
        for (int number = 0; Interfaces.TryGet(number, &reply); number++)
        {
            if (Interfaces.Description(&reply)->Index != index)
                continue;
            Memory.Copy(name, Interfaces.Description(&reply)->Name, Interfaces.NameCapacity);
            return name;
        }

        _ = LibcError.Answer(Errno.ENXIO);
        return null;
    }

    /// <summary>In separate blocks, so that libc's own if_freenameindex() frees them.</summary>
    [UnmanagedCallersOnly(EntryPoint = "if_nameindex")]
    public static InterfaceName* Names()
    {
        const int most = 2; // lo and that of the link
        Startup.Ensure();
        if (!StackHost.IsConfigured)
            return Next.InterfaceNames();
        InterfaceName* names = (InterfaceName*)Libc.malloc((nuint)((most + 1) * sizeof(InterfaceName)));
        int count = 0;
        Reply reply;
        for (int number = 0; names != null && count < most && Interfaces.TryGet(number, &reply); number++)
        {
            uint index = (uint)Interfaces.Description(&reply)->Index;
            if (count > 0 && names[count - 1].Index == index)
                continue; // another address of the same
            byte* name = (byte*)Libc.malloc(Interfaces.NameCapacity);
            if (name == null)
                break;
            Memory.Copy(name, Interfaces.Description(&reply)->Name, Interfaces.NameCapacity);
            names[count++] = new() { Index = index, Name = name };
        }

        if (names == null || count == 0)
        {
            _ = LibcError.Answer(names == null ? Errno.ENOBUFS : Errno.ENETDOWN);
            Libc.free(names);
            return null;
        }

        names[count] = default;
        return names;
    }

    private static Errno Build(InterfaceAddress** result)
    {
        InterfaceAddress* first = null;
        InterfaceAddress** end = &first;
        Reply reply;
        for (int number = 0; Interfaces.TryGet(number, &reply); number++)
        {
            InterfaceAddress* entry = Allocate(&reply);
            if (entry == null)
                return Errno.ENOMEM;
            *end = entry;
            end = &entry->Next;
        }

        *result = first;
        return first != null ? Errno.None : Errno.ENETDOWN;
    }

    /// <summary>One block holds the entry, its three addresses and its name.</summary>
    private static InterfaceAddress* Allocate(Reply* reply)
    {
        nuint length = (nuint)(sizeof(InterfaceAddress) + (3 * sizeof(InternetAddress)) + Interfaces.NameCapacity);
        InterfaceAddress* entry = (InterfaceAddress*)Libc.malloc(length);
        if (entry == null)
            return null;
        InterfaceDescription* description = Interfaces.Description(reply);
        *entry = default;
        entry->Flags = description->Flags;
        entry->Address = (InternetAddress*)(entry + 1);
        entry->Netmask = entry->Address + 1;
        entry->Broadcast = entry->Address + 2;
        entry->Name = (byte*)(entry->Address + 3);
        Memory.Copy(entry->Name, description->Name, Interfaces.NameCapacity);
        bool v6 = !SocketAddress.IsMapped(reply->Address.Octets);
        _ = SocketAddress.ToInternet(&reply->Address, v6, entry->Address);
        WireAddress mask = Interfaces.Netmask(reply);
        _ = SocketAddress.ToInternet(&mask, v6, entry->Netmask);
        WireAddress broadcast = Interfaces.Broadcast(reply);
        _ = SocketAddress.ToInternet(&broadcast, v6, entry->Broadcast);
        if (v6 || (description->Flags & Interfaces.FlagBroadcast) == 0)
            entry->Broadcast = null;
        return entry;
    }
}
