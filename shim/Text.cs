using System.Runtime.InteropServices;

namespace Pyco.Shim;

/// <summary>Hexadecimal digits, as names in the abstract namespace carry numbers.</summary>
internal static unsafe class Hexadecimal
{
    /// <summary>Reads two digits for each octet and moves on; false at anything else, the end of the text included.</summary>
    internal static bool TryRead(ref byte* at, byte* octets, int count)
    {
        for (int i = 0; i < count; i++)
        {
            int high = Digit(*at);
            if (high < 0)
                return false;
            int low = Digit(at[1]);
            if (low < 0)
                return false;
            octets[i] = (byte)((high << 4) | low);
            at += 2;
        }

        return true;
    }

    /// <summary>Writes two lower-case digits for each octet.</summary>
    internal static byte* Write(byte* at, byte* octets, int count)
    {
        for (int i = 0; i < count; i++)
        {
            *at++ = Character(octets[i] >> 4);
            *at++ = Character(octets[i] & 15);
        }

        return at;
    }

    /// <summary>Writes a number with all its leading zeros.</summary>
    internal static byte* Write(byte* at, ulong number)
    {
        for (int shift = 60; shift >= 0; shift -= 4)
            *at++ = Character((int)(number >> shift) & 15);
        return at;
    }

    internal static int Digit(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => character - '0',
        >= (byte)'a' and <= (byte)'f' => character - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => character - 'A' + 10,
        _ => -1,
    };

    internal static byte Character(int digit) => (byte)(digit < 10 ? '0' + digit : 'a' + digit - 10);
}

/// <summary>Octets without a library: libc's own functions are replaced by some programs, and copies here are short.</summary>
internal static unsafe class Memory
{
    internal static void Copy(byte* destination, byte* source, int length)
    {
        for (int i = 0; i < length; i++)
            destination[i] = source[i];
    }

    /// <summary>As <see cref="Copy"/>, and quicker for more than a few octets.</summary>
    internal static void CopyMany(byte* destination, byte* source, nuint length) => _ = memcpy(destination, source, length);

    internal static bool Equal(byte* one, byte* other, int length)
    {
        for (int i = 0; i < length; i++)
        {
            if (one[i] != other[i])
                return false;
        }

        return true;
    }

    internal static bool StartsWith(byte* text, ReadOnlySpan<byte> prefix)
    {
        fixed (byte* expected = prefix)
            return Equal(text, expected, prefix.Length);
    }

    internal static byte* Append(byte* at, ReadOnlySpan<byte> text)
    {
        fixed (byte* octets = text)
            Copy(at, octets, text.Length);
        return at + text.Length;
    }

    internal static int Length(byte* text)
    {
        int length = 0;
        while (text[length] != 0)
            length++;
        return length;
    }

    [DllImport("libc"), SuppressGCTransition]
    private static extern void* memcpy(void* destination, void* source, nuint length);
}
