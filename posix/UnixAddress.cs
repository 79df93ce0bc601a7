using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Pyco.Posix;

/// <summary>struct sockaddr_un: a path, or an abstract name that begins with NUL.</summary>
internal unsafe struct UnixAddress
{
    /// <summary>sizeof(struct sockaddr_un).</summary>
    public const int Capacity = 110;

    private const int PathOffset = 2;
    private const int PathCapacity = Capacity - PathOffset;

    private fixed byte _octets[Capacity];

    /// <summary>How many octets of the structure are in use, as bind(2) wants it.</summary>
    public uint Length { get; private set; }

    /// <summary>A name in the abstract namespace, without its leading NUL, at most 107 characters of ASCII.</summary>
    public static UnixAddress Abstract(string name)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, PathCapacity - 1);
        UnixAddress address = default;
        address._octets[0] = Constants.AfUnix;
        int length = Encoding.ASCII.GetBytes(name, address.Path[1..]);
        address.Length = (uint)(PathOffset + 1 + length);
        return address;
    }

    /// <summary>The same from octets.</summary>
    public static UnixAddress Abstract(ReadOnlySpan<byte> name)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, PathCapacity - 1);
        UnixAddress address = default;
        address._octets[0] = Constants.AfUnix;
        name.CopyTo(address.Path[1..]);
        address.Length = (uint)(PathOffset + 1 + name.Length);
        return address;
    }

    /// <summary>A path of the file system; false if it does not fit into 107 octets.</summary>
    public static bool TryFromPath(string path, out UnixAddress address)
    {
        address = default;
        if (Encoding.UTF8.GetByteCount(path) is 0 or > PathCapacity - 1)
            return false;
        address._octets[0] = Constants.AfUnix;
        int length = Encoding.UTF8.GetBytes(path, address.Path);
        address.Length = (uint)(PathOffset + length + 1);
        return true;
    }

    /// <summary>Takes a structure that came over a socket; false if it holds no path.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, out UnixAddress address)
    {
        address = default;
        if (octets.Length != Capacity || octets[0] != Constants.AfUnix || octets[1] != 0 || octets[PathOffset] == 0)
            return false;
        octets.CopyTo(address.Octets);
        address.Path[^1] = 0;
        address.Length = (uint)(PathOffset + address.Path.IndexOf((byte)0) + 1);
        return true;
    }

    /// <summary>The whole structure as VDE sends it.</summary>
    [UnscopedRef]
    public Span<byte> Octets => MemoryMarshal.CreateSpan(ref _octets[0], Capacity);

    [UnscopedRef]
    private Span<byte> Path => Octets[PathOffset..];

    /// <summary>The abstract name or the path as text; empty for an unnamed socket.</summary>
    public string Name
    {
        get
        {
            Span<byte> used = Octets[Math.Min(PathOffset, (int)Length)..(int)Length];
            return Encoding.UTF8.GetString(used.Length > 0 && used[0] == 0 ? used[1..] : used.TrimEnd((byte)0));
        }
    }

    /// <summary>The abstract name without its leading NUL; empty if it is anything else.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AbstractName =>
        Length > PathOffset && _octets[0] == Constants.AfUnix && _octets[1] == 0 && _octets[PathOffset] == 0
            ? MemoryMarshal.CreateReadOnlySpan(in _octets[PathOffset + 1], (int)Length - PathOffset - 1)
            : default;

    public static int Bind(int fd, in UnixAddress address)
    {
        fixed (byte* octets = address._octets)
            return Libc.bind(fd, octets, address.Length);
    }

    public static int Connect(int fd, in UnixAddress address)
    {
        fixed (byte* octets = address._octets)
            return Libc.connect(fd, octets, address.Length);
    }

    /// <summary>A new stream socket that does not block, connected to who listens there now.</summary>
    /// <returns>-1, with the errno, if nobody does or his queue is full.</returns>
    public static int Dial(in UnixAddress address)
    {
        int socket = Libc.socket(Constants.AfUnix, Constants.SockStream | Constants.SockNonblock | Constants.SockCloexec, 0);
        if (socket < 0 || Connect(socket, address) == 0)
            return socket;
        int error = Marshal.GetLastPInvokeError();
        _ = Libc.close(socket);
        Marshal.SetLastPInvokeError(error);
        return -1;
    }

    public static int GetLocal(int fd, out UnixAddress address)
    {
        address = default;
        uint length = Capacity;
        fixed (byte* octets = address._octets)
        {
            int result = Libc.getsockname(fd, octets, &length);
            address.Length = Math.Min(length, Capacity);
            return result;
        }
    }

    public static int GetPeer(int fd, out UnixAddress address)
    {
        address = default;
        uint length = Capacity;
        fixed (byte* octets = address._octets)
        {
            int result = Libc.getpeername(fd, octets, &length);
            address.Length = Math.Min(length, Capacity);
            return result;
        }
    }
}
