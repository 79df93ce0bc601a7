using System.Runtime.InteropServices;

namespace Pyco.Shim;

/// <summary>The environment of this process, and what in it puts a process on the virtual network.</summary>
internal static unsafe class OwnEnvironment
{
    // Where libc keeps environ: the variable's address, not its value, which programs change.
    private static byte*** Environ;

    // The path that the loader knows our library by, and its length.
    private static byte* Library;
    private static int LibraryLength;

    /// <summary>environ as it is now.</summary>
    internal static byte** Current => Environ != null ? *Environ : null;

    /// <summary>How many octets <see cref="WritePreload"/> needs beside those of the other libraries.</summary>
    internal static int PreloadCapacity => "LD_PRELOAD="u8.Length + LibraryLength + ":"u8.Length + 1;

    internal static void Find(void* somethingOfOurs)
    {
        Environ = (byte***)Next.Variable("__environ"u8);
        SymbolOrigin origin;
        if (dladdr(somethingOfOurs, &origin) == 0)
            return;
        Library = origin.File;
        LibraryLength = Memory.Length(Library);
    }

    /// <summary>What stands behind the prefix; null if the entry does not begin with it.</summary>
    internal static byte* Value(byte* entry, ReadOnlySpan<byte> prefix)
    {
        fixed (byte* expected = prefix)
        {
            int i = 0;
            while (i < prefix.Length && entry[i] == expected[i])
                i++;
            return i == prefix.Length ? entry + i : null;
        }
    }

    /// <summary>True if our library is in a list like LD_PRELOAD's; false for null.</summary>
    internal static bool IsPreloadedBy(byte* list)
    {
        if (list == null)
            return false;
        while (true)
        {
            int length = 0;
            while (list[length] is not (0 or (byte)':' or (byte)' '))
                length++;
            if (length == LibraryLength && Memory.Equal(list, Library, length))
                return true;
            if (list[length] == 0)
                return false;
            list += length + 1;
        }
    }

    /// <summary>Writes an LD_PRELOAD entry: our library first, then the others unless it is among them.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="others">The value that there is, or null.</param>
    /// <returns>The entry.</returns>
    internal static byte* WritePreload(byte* to, byte* others)
    {
        byte* at = Memory.Append(to, "LD_PRELOAD="u8);
        if (!IsPreloadedBy(others))
        {
            Memory.Copy(at, Library, LibraryLength);
            at += LibraryLength;
            if (others != null && *others != 0)
                *at++ = (byte)':';
        }

        int length = others != null ? Memory.Length(others) : 0;
        Memory.Copy(at, others, length);
        at[length] = 0;
        return to;
    }

    [DllImport("libc"), SuppressGCTransition]
    private static extern int dladdr(void* address, SymbolOrigin* origin);
}

/// <summary>Dl_info of dladdr(3).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SymbolOrigin
{
    public byte* File;
    public void* Base;
    public byte* Symbol;
    public void* Address;
}
