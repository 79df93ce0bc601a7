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

/// <summary>getifaddrs(3) and if_nametoindex(3): the host's interfaces instead of the machine's.</summary>
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
