namespace Pyco.Shim.Resolver;

/// <summary>Domain names as messages carry them, and as text (RFC 1035 §3.1, §4.1.4). Nothing here trusts what it reads.</summary>
internal static unsafe class DnsName
{
    /// <summary>The longest name in a message: its length octets and the root's are counted.</summary>
    internal const int WireCapacity = 255;

    /// <summary>The same as text, with its NUL.</summary>
    internal const int TextCapacity = 256;

    private const int LongestLabel = 63;
    private const int Pointer = 0xc0;

    /// <summary>More than any server writes, and few enough for a message that is made to keep us busy.</summary>
    private const int MostPointers = 32;

    /// <summary>Writes a host name, with or without a dot at its end, as messages carry it.</summary>
    /// <param name="text">The name.</param>
    /// <param name="wire">Room for <see cref="WireCapacity"/>.</param>
    /// <returns>The length; 0 if no host has such a name.</returns>
    internal static int Encode(byte* text, byte* wire)
    {
        int length = 0;
        do
        {
            int start = length++;
            while (*text is not (0 or (byte)'.'))
            {
                if (!MayStandInName(*text) || length - start > LongestLabel || length >= WireCapacity - 1)
                    return 0;
                wire[length++] = *text++;
            }

            int label = length - start - 1;
            if (label == 0 || length >= WireCapacity)
                return 0;
            wire[start] = (byte)label;
            if (*text == '.')
                text++;
        }
        while (*text != 0);
        wire[length++] = 0;
        return length;
    }

    /// <summary>Writes the name under which an address's own name is kept (RFC 1035 §3.5, RFC 3596 §2.5).</summary>
    /// <param name="octets">The address, IPv4 in its mapped form.</param>
    /// <param name="wire">Room for <see cref="WireCapacity"/>.</param>
    /// <returns>The length.</returns>
    internal static int EncodeReverse(byte* octets, byte* wire)
    {
        byte* at = wire;
        if (SocketAddress.IsMapped(octets))
        {
            for (int i = 15; i >= 12; i--)
                at = AppendDecimal(at, octets[i]);
            return (int)(Memory.Append(at, "\u0007in-addr\u0004arpa\0"u8) - wire);
        }

        for (int i = 15; i >= 0; i--)
        {
            *at++ = 1;
            *at++ = Hexadecimal.Character(octets[i] & 15);
            *at++ = 1;
            *at++ = Hexadecimal.Character(octets[i] >> 4);
        }

        return (int)(Memory.Append(at, "\u0003ip6\u0004arpa\0"u8) - wire);
    }

    /// <summary>Reads a name, which may go on at an earlier place of the message, and moves behind it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="length">Its length.</param>
    /// <param name="at">Where the name begins.</param>
    /// <param name="wire">Room for <see cref="WireCapacity"/>.</param>
    /// <returns>The length; 0 if there is no name.</returns>
    internal static int Read(byte* message, int length, ref int at, byte* wire)
    {
        int position = at;
        int limit = at; // a pointer leads before whatever led to it, so that there is an end
        int used = 0;
        int pointers = 0;
        while (position < length)
        {
            int octet = message[position];
            if ((octet & Pointer) == Pointer)
            {
                if (position + 1 >= length || pointers == MostPointers)
                    return 0;
                if (pointers++ == 0)
                    at = position + 2;
                position = ((octet & ~Pointer) << 8) | message[position + 1];
                if (position >= limit)
                    return 0;
                limit = position;
                continue;
            }

            if (octet > LongestLabel || position + 1 + octet > length || used + 1 + octet > WireCapacity - (octet > 0 ? 1 : 0))
                return 0;
            Memory.Copy(wire + used, message + position, 1 + octet);
            used += 1 + octet;
            position += 1 + octet;
            if (octet != 0)
                continue;
            if (pointers == 0)
                at = position;
            return used;
        }

        return 0;
    }

    /// <summary>Whether two names are one; upper and lower case are the same (RFC 4343).</summary>
    internal static bool AreEqual(byte* one, byte* other, int length)
    {
        // The length octets are below the letters.
        for (int i = 0; i < length; i++)
        {
            if (LowerCase(one[i]) != LowerCase(other[i]))
                return false;
        }

        return true;
    }

    /// <summary>Writes a name as text without the dot at its end; false for what is not the name of a host.</summary>
    /// <param name="wire">A whole name.</param>
    /// <param name="text">Room for <see cref="TextCapacity"/>.</param>
    internal static bool TryWriteText(byte* wire, byte* text)
    {
        byte* end = text;
        for (int label = *wire++; label != 0; label = *wire++)
        {
            for (int i = 0; i < label; i++)
            {
                if (!MayStandInName(*wire)) // terminals and shells would make something of it
                    return false;
                *end++ = *wire++;
            }

            *end++ = (byte)'.';
        }

        if (end == text)
            return false;
        end[-1] = 0;
        return true;
    }

    private static byte LowerCase(byte octet) => octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet | 0x20) : octet;

    private static bool MayStandInName(byte octet) =>
        LowerCase(octet) is >= (byte)'a' and <= (byte)'z' or >= (byte)'0' and <= (byte)'9' or (byte)'-' or (byte)'_';

    private static byte* AppendDecimal(byte* at, byte number)
    {
        byte* length = at++;
        if (number >= 100)
            *at++ = (byte)('0' + (number / 100));
        if (number >= 10)
            *at++ = (byte)('0' + (number / 10 % 10));
        *at++ = (byte)('0' + (number % 10));
        *length = (byte)(at - length - 1);
        return at;
    }
}
