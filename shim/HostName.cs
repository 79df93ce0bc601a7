using System.Runtime.InteropServices;
using Pyco.Stack;

namespace Pyco.Shim;

/// <summary>gethostname(2) and uname(2), where the launcher gave the host a name of its own (PYCO_HOSTNAME).</summary>
internal static unsafe class HostName
{
    /// <summary>HOST_NAME_MAX and the NUL; also the length of each field of struct utsname.</summary>
    private const int Capacity = 65;

#pragma warning disable CS0169 // the compiler does not count the use of a fixed buffer
    private static Text Name;
#pragma warning restore CS0169

    internal static bool IsConfigured { get; private set; }

    internal static void Configure(byte* value)
    {
        int length = Memory.Length(value);
        if (length is 0 or >= Capacity)
            return;
        fixed (byte* name = Name.Octets)
            Memory.Copy(name, value, length);
        IsConfigured = true;
    }

    [UnmanagedCallersOnly(EntryPoint = "gethostname")]
    public static int GetHostName(byte* buffer, nuint capacity)
    {
        Startup.Ensure();
        UnixName names;
        int result = Read(&names);
        if (result < 0)
            return (int)LibcError.Answer(result);
        int length = Memory.Length(names.Node) + 1;
        Memory.Copy(buffer, names.Node, (nuint)length < capacity ? length : (int)capacity);
        return LibcError.Answer((nuint)length > capacity ? Errno.ENAMETOOLONG : Errno.None);
    }

    [UnmanagedCallersOnly(EntryPoint = "uname")]
    public static int GetUnixName(UnixName* names)
    {
        Startup.Ensure();
        return (int)LibcError.Answer(Read(names));
    }

    internal static int Read(UnixName* names)
    {
        int result = Kernel.UnixName(names);
        if (result < 0 || !IsConfigured)
            return result;
        fixed (byte* name = Name.Octets)
            Memory.Copy(names->Node, name, Memory.Length(name) + 1);
        return result;
    }

    private struct Text
    {
        public fixed byte Octets[Capacity];
    }
}

/// <summary>struct utsname.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct UnixName
{
    public fixed byte System[65];
    public fixed byte Node[65];
    public fixed byte Release[65];
    public fixed byte Version[65];
    public fixed byte Machine[65];
    public fixed byte Domain[65];
}
