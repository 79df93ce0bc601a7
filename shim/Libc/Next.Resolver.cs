using Pyco.Shim.Resolver;

namespace Pyco.Shim;

/// <summary>
/// libc's resolver and interface list, for processes without a stack host. Looked up at each call: none of these is quick, or allowed in a
/// signal handler.
/// </summary>
internal static unsafe partial class Next
{
    internal static int GetAddressInfo(byte* node, byte* service, AddressInfo* hints, AddressInfo** result) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, byte*, AddressInfo*, AddressInfo**, int>)
            Symbol("getaddrinfo"u8))(node, service, hints, result);

    internal static void FreeAddressInfo(AddressInfo* list) =>
        ((delegate* unmanaged[SuppressGCTransition]<AddressInfo*, void>)
            Symbol("freeaddrinfo"u8))(list);

    internal static int GetNameInfo(
        byte* address, uint length, byte* host, uint hostCapacity, byte* service, uint serviceCapacity, int flags) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, uint, byte*, uint, byte*, uint, int, int>)
            Symbol("getnameinfo"u8))(address, length, host, hostCapacity, service, serviceCapacity, flags);

    internal static HostEntry* GetHostByName(byte* name) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, HostEntry*>)
            Symbol("gethostbyname"u8))(name);

    internal static HostEntry* GetHostByName2(byte* name, int family) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, int, HostEntry*>)
            Symbol("gethostbyname2"u8))(name, family);

    internal static int GetHostByNameInto(
        byte* name, HostEntry* entry, byte* buffer, nuint length, HostEntry** result, int* hostError) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, HostEntry*, byte*, nuint, HostEntry**, int*, int>)
            Symbol("gethostbyname_r"u8))(name, entry, buffer, length, result, hostError);

    internal static int GetHostByName2Into(
        byte* name, int family, HostEntry* entry, byte* buffer, nuint length, HostEntry** result, int* hostError) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, int, HostEntry*, byte*, nuint, HostEntry**, int*, int>)
            Symbol("gethostbyname2_r"u8))(name, family, entry, buffer, length, result, hostError);

    internal static HostEntry* GetHostByAddress(byte* address, uint length, int family) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, uint, int, HostEntry*>)
            Symbol("gethostbyaddr"u8))(address, length, family);

    internal static int GetHostByAddressInto(
        byte* address, uint addressLength, int family, HostEntry* entry, byte* buffer, nuint length, HostEntry** result, int* hostError) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, uint, int, HostEntry*, byte*, nuint, HostEntry**, int*, int>)
            Symbol("gethostbyaddr_r"u8))(address, addressLength, family, entry, buffer, length, result, hostError);

    internal static int GetInterfaceAddresses(InterfaceAddress** result) =>
        ((delegate* unmanaged[SuppressGCTransition]<InterfaceAddress**, int>)Symbol("getifaddrs"u8))(result);

    internal static void FreeInterfaceAddresses(InterfaceAddress* list) =>
        ((delegate* unmanaged[SuppressGCTransition]<InterfaceAddress*, void>)Symbol("freeifaddrs"u8))(list);

    internal static InterfaceName* InterfaceNames() =>
        ((delegate* unmanaged[SuppressGCTransition]<InterfaceName*>)Symbol("if_nameindex"u8))();

    internal static uint InterfaceNameToIndex(byte* name) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, uint>)Symbol("if_nametoindex"u8))(name);

    internal static byte* InterfaceIndexToName(uint index, byte* name) =>
        ((delegate* unmanaged[SuppressGCTransition]<uint, byte*, byte*>)Symbol("if_indextoname"u8))(index, name);
}
