using System.Runtime.InteropServices;
using Pyco.Stack;

namespace Pyco.Shim;

/// <summary>gethostname(2) and uname(2), where the launcher gave the host a name of its own (PYCO_HOSTNAME).</summary>
internal static unsafe class HostName
{
    /// <summary>HOST_NAME_MAX and the NUL; also the length of each field of struct utsname.</summary>
    private const int Capacity = 65;

    private const int PrefixLength = 14;

#pragma warning disable CS0169 // the compiler does not count the use of a fixed buffer
    private static Text Entry;
#pragma warning restore CS0169

    internal static bool IsConfigured { get; private set; }

    /// <summary>The variable as an environment holds it: "PYCO_HOSTNAME=" and the name.</summary>
    internal static byte* Variable
    {
        get
        {
            fixed (byte* entry = Entry.Octets)
                return entry; // statics do not move: there is no garbage collector
        }
    }

    private static byte* Name => Variable + PrefixLength;

    internal static void Configure(byte* value)
    {
        int length = Memory.Length(value);
        if (length is 0 or >= Capacity)
            return;
        Memory.Copy(Memory.Append(Variable, "PYCO_HOSTNAME="u8), value, length + 1);
        IsConfigured = true;
    }

    [UnmanagedCallersOnly(EntryPoint = "gethostname")]
    public static int GetHostName(byte* buffer, nuint capacity) => Give(buffer, capacity);

    [UnmanagedCallersOnly(EntryPoint = "__gethostname_chk")]
    public static int CheckedGetHostName(byte* buffer, nuint capacity, nuint realCapacity)
    {
        Fortify.Check(capacity, realCapacity);
        return Give(buffer, capacity);
    }

    private static int Give(byte* buffer, nuint capacity)
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
        Memory.Copy(names->Node, Name, Memory.Length(Name) + 1);
        return result;
    }

    private struct Text
    {
        public fixed byte Octets[PrefixLength + Capacity];
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
