using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Pyco.Stack.Wire;

namespace Pyco.Posix;

/// <summary>What struct sockaddr_in or sockaddr_in6 holds, which of them is told by the address.</summary>
/// <param name="Endpoint">Address and port; an IPv4 address means AF_INET, even where it came as a mapped one.</param>
/// <param name="Scope">The interface of a link-local IPv6 address, else 0.</param>
internal readonly record struct InternetAddress(IpEndpoint Endpoint, uint Scope = 0)
{
    /// <summary>sizeof(struct sockaddr_in6), the longer one.</summary>
    public const int Capacity = 28;

    private const int LengthV4 = 16; // sizeof(struct sockaddr_in)
    private const int PortOffset = 2;
    private const int AddressV4Offset = 4;
    private const int AddressV6Offset = 8;
    private const int ScopeOffset = 24;

    public int Family => Endpoint.Address.IsV4 ? Constants.AfInet : Constants.AfInet6;

    /// <summary>Writes the structure; how many octets of it are in use.</summary>
    public uint Write(Span<byte> structure)
    {
        structure[..Capacity].Clear();
        ushort family = (ushort)Family;
        MemoryMarshal.Write(structure, in family);
        BinaryPrimitives.WriteUInt16BigEndian(structure[PortOffset..], Endpoint.Port);
        if (Endpoint.Address.IsV4)
        {
            Endpoint.Address.WriteV4(structure[AddressV4Offset..]);
            return LengthV4;
        }
        Endpoint.Address.WriteV6(structure[AddressV6Offset..]);
        uint scope = Scope;
        MemoryMarshal.Write(structure[ScopeOffset..], in scope);
        return Capacity;
    }

    /// <summary>Reads what the kernel has written; false if it is of another family.</summary>
    public static bool TryRead(ReadOnlySpan<byte> structure, out InternetAddress address)
    {
        int family = structure.Length < LengthV4 ? Constants.AfUnspec : MemoryMarshal.Read<ushort>(structure);
        ReadOnlySpan<byte> octets = family switch
        {
            Constants.AfInet => structure.Slice(AddressV4Offset, IpAddress.LengthV4),
            Constants.AfInet6 when structure.Length >= Capacity => structure.Slice(AddressV6Offset, IpAddress.LengthV6),
            _ => default,
        };
        address = default;
        if (octets.IsEmpty)
            return false;
        IpEndpoint endpoint = new(IpAddress.Read(octets), BinaryPrimitives.ReadUInt16BigEndian(structure[PortOffset..]));
        address = new InternetAddress(endpoint, family == Constants.AfInet6 ? MemoryMarshal.Read<uint>(structure[ScopeOffset..]) : 0);
        return true;
    }

    public static unsafe int Bind(int fd, in InternetAddress address)
    {
        byte* structure = stackalloc byte[Capacity];
        uint length = address.Write(new Span<byte>(structure, Capacity));
        return Libc.bind(fd, structure, length);
    }

    public static unsafe int Connect(int fd, in InternetAddress address)
    {
        byte* structure = stackalloc byte[Capacity];
        uint length = address.Write(new Span<byte>(structure, Capacity));
        return Libc.connect(fd, structure, length);
    }

    /// <summary>getsockname(2); false if the descriptor is no internet socket.</summary>
    public static unsafe bool TryGetLocal(int fd, out InternetAddress address)
    {
        byte* structure = stackalloc byte[Capacity];
        uint length = Capacity;
        address = default;
        return Libc.getsockname(fd, structure, &length) == 0 &&
            TryRead(new ReadOnlySpan<byte>(structure, (int)Math.Min(length, Capacity)), out address);
    }
}
