using System.Runtime.InteropServices;

namespace Pyco.Shim.Resolver;

/// <summary>Functions of libc that neither use the network nor are interposed.</summary>
internal static unsafe class Libc
{
    [DllImport("libc"), SuppressGCTransition]
    internal static extern void* malloc(nuint length);

    [DllImport("libc"), SuppressGCTransition]
    internal static extern void free(void* memory);

    [DllImport("libc"), SuppressGCTransition]
    internal static extern int putenv(byte* entry);

    [DllImport("libc"), SuppressGCTransition]
    internal static extern int inet_pton(int family, byte* text, void* address);

    [DllImport("libc"), SuppressGCTransition]
    internal static extern byte* inet_ntop(int family, void* address, byte* text, uint capacity);

    [DllImport("libc"), SuppressGCTransition]
    internal static extern int inet_aton(byte* text, uint* address);

    [DllImport("libc"), SuppressGCTransition]
    internal static extern int strcasecmp(byte* one, byte* other);

    [DllImport("libc"), SuppressGCTransition]
    internal static extern int getservbyname_r(
        byte* name, byte* protocol, ServiceEntry* entry, byte* buffer, nuint length, ServiceEntry** result);

    [DllImport("libc"), SuppressGCTransition]
    internal static extern int getservbyport_r(
        int port, byte* protocol, ServiceEntry* entry, byte* buffer, nuint length, ServiceEntry** result);

    [DllImport("libc"), SuppressGCTransition]
    internal static extern int* __h_errno_location();
}

/// <summary>struct servent.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ServiceEntry
{
    public byte* Name;
    public byte** Aliases;

    /// <summary>In network order.</summary>
    public int Port;

    public byte* Protocol;
}
