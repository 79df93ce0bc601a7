using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;

namespace Pyco.Shim.Resolver;

/// <summary>/etc/hosts (hosts(5)), read anew for each question.</summary>
internal static unsafe class HostsFile
{
    internal const int NameCapacity = 256;

    private const int BufferLength = 2048;
    private const int LineLength = 1024;

    /// <summary>Writes the addresses of a name; returns how many.</summary>
    internal static int FindAddresses(byte* name, WireAddress* addresses, int capacity)
    {
        Search search = new() { Name = name, Addresses = addresses, Capacity = capacity };
        Read(&search);
        return search.Count;
    }

    /// <summary>Writes the first name of an address, NUL-terminated, into room for <see cref="NameCapacity"/>.</summary>
    internal static bool FindName(WireAddress* address, byte* name)
    {
        Search search = new() { Wanted = address, Found = name };
        Read(&search);
        return search.Count > 0;
    }

    private static void Read(Search* search)
    {
        int fd;
        fixed (byte* path = "/etc/hosts\0"u8)
            fd = Kernel.Open(path);
        if (fd < 0)
            return;
        byte* buffer = stackalloc byte[BufferLength];
        byte* line = stackalloc byte[LineLength];
        int used = 0;
        nint got;
        while ((got = Kernel.Read(fd, buffer, BufferLength)) > 0)
        {
            for (nint i = 0; i < got; i++)
            {
                if (buffer[i] == '\n')
                {
                    line[used] = 0;
                    Take(line, search);
                    used = 0;
                }
                else if (used < LineLength - 1)
                {
                    line[used++] = buffer[i];
                }
            }
        }

        line[used] = 0;
        Take(line, search);
        _ = Kernel.Close(fd);
    }

    /// <summary>One line: an address and its names, up to a <c>#</c>.</summary>
    private static void Take(byte* line, Search* search)
    {
        byte* at = line;
        byte* word = NextWord(ref at);
        WireAddress address;
        if (word == null || !Numeric.TryParse(word, &address))
            return;
        if (search->Wanted != null)
        {
            byte* first = NextWord(ref at);
            if (search->Count == 0 && first != null && Memory.Equal(address.Octets, search->Wanted->Octets, 16))
            {
                int length = Memory.Length(first);
                Memory.Copy(search->Found, first, length < NameCapacity ? length + 1 : NameCapacity);
                search->Found[NameCapacity - 1] = 0;
                search->Count = 1;
            }

            return;
        }

        while (search->Count < search->Capacity && (word = NextWord(ref at)) != null)
        {
            if (Libc.strcasecmp(word, search->Name) != 0)
                continue;
            search->Addresses[search->Count++] = address;
            return;
        }
    }

    /// <summary>Cuts the next word off, in place; null at the end of the line.</summary>
    internal static byte* NextWord(ref byte* at)
    {
        while (*at is (byte)' ' or (byte)'\t' or (byte)'\r')
            at++;
        if (*at is 0 or (byte)'#')
            return null;
        byte* word = at;
        while (*at is not (0 or (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'#'))
            at++;
        if (*at == '#')
            *at = 0; // what follows is a comment
        else if (*at != 0)
            *at++ = 0;
        return word;
    }

    private struct Search
    {
        public byte* Name;
        public WireAddress* Addresses;
        public int Capacity;
        public WireAddress* Wanted;
        public byte* Found;
        public int Count;
    }
}

/// <summary>Addresses written as numbers.</summary>
internal static unsafe class Numeric
{
    internal static bool TryParse(byte* text, WireAddress* address)
    {
        *address = default;
        uint v4;
        if (Libc.inet_aton(text, &v4) != 0)
        {
            address->Family = AfInet;
            SocketAddress.WriteMapped(address->Octets, v4);
            return true;
        }

        address->Family = AfInet6;
        return Libc.inet_pton(AfInet6, text, address->Octets) == 1;
    }

    /// <summary>A decimal number up to <paramref name="max"/> and nothing behind it, or -1.</summary>
    internal static int ParseDecimal(byte* text, int max)
    {
        int value = 0;
        if (*text == 0)
            return -1;
        for (; *text != 0; text++)
        {
            if (*text is < (byte)'0' or > (byte)'9')
                return -1;
            value = (value * 10) + *text - '0';
            if (value > max)
                return -1;
        }

        return value;
    }
}
