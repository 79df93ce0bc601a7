using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;

namespace Pyco.Shim;

/// <summary>struct sockaddr_in and sockaddr_in6 from and to the protocol's form.</summary>
internal static unsafe class SocketAddress
{
    /// <summary>sockaddr_in6 without sin6_scope_id, as RFC 2133 had it and Linux still takes it.</summary>
    private const int OldLengthV6 = 24;

    /// <summary>sizeof(struct sockaddr_storage): longer ones, and those with a negative length, Linux does not look at.</summary>
    internal const uint LargestLength = 128;

    /// <summary>What connect(2) and bind(2) say of an address before they read it (move_addr_to_kernel, 6.1).</summary>
    internal static Errno Check(byte* address, uint length) => length is 0 or > LargestLength ? Errno.EINVAL
        : address == null ? Errno.EFAULT
        : length < sizeof(ushort) ? Errno.EINVAL
        : Errno.None;

    internal static ushort Family(byte* address, uint length) =>
        address != null && length >= sizeof(ushort) ? *(ushort*)address : (ushort)AfUnspec;

    /// <summary>Reads an address that must be of the socket's own family.</summary>
    /// <returns>EINVAL if it is too short, EAFNOSUPPORT if it is of another family.</returns>
    internal static Errno Read(byte* address, uint length, SocketState state, WireAddress* result)
    {
        bool wantsV6 = (state & SocketState.V6) != 0;
        if (address == null)
            return Errno.EFAULT;
        if (length < (wantsV6 ? OldLengthV6 : InternetAddress.LengthV4))
            return Errno.EINVAL;
        return Family(address, length) == (wantsV6 ? AfInet6 : AfInet)
            ? ReadEither(address, length, result)
            : Errno.EAFNOSUPPORT;
    }

    /// <summary>Reads an address of either family, as a UDP socket of AF_INET6 takes it.</summary>
    internal static Errno ReadEither(byte* address, uint length, WireAddress* result)
    {
        *result = default;
        InternetAddress* internet = (InternetAddress*)address;
        result->Family = Family(address, length);
        switch (result->Family)
        {
            case AfInet when length >= InternetAddress.LengthV4:
                WriteMapped(result->Octets, internet->AddressV4);
                break;
            case AfInet6 when length >= OldLengthV6:
                Memory.Copy(result->Octets, internet->AddressV6, 16);
                result->Scope = length >= InternetAddress.LengthV6 ? internet->Scope : 0;
                break;
            case AfInet or AfInet6:
                return Errno.EINVAL;
            default:
                return Errno.EAFNOSUPPORT;
        }

        result->Port = Swap(internet->Port);
        return Errno.None;
    }

    /// <summary>
    /// Writes an address in the family of the socket that it belongs to, cut to the caller's room as the kernel does;
    /// <paramref name="length"/> then tells the whole length.
    /// </summary>
    internal static void Write(WireAddress* source, SocketState state, byte* address, uint* length)
    {
        InternetAddress internet;
        uint whole = ToInternet(source, (state & SocketState.V6) != 0, &internet);
        uint room = *length;
        Memory.Copy(address, (byte*)&internet, (int)(room < whole ? room : whole));
        *length = whole;
    }

    /// <returns>The length of the structure.</returns>
    internal static uint ToInternet(WireAddress* source, bool v6, InternetAddress* result)
    {
        *result = default;
        result->Port = Swap(source->Port);
        if (!v6)
        {
            result->Family = AfInet;
            result->AddressV4 = *(uint*)(source->Octets + 12);
            return InternetAddress.LengthV4;
        }

        result->Family = AfInet6;
        Memory.Copy(result->AddressV6, source->Octets, 16);
        result->Scope = source->Scope;
        return InternetAddress.LengthV6;
    }

    /// <summary>::ffff:0:0/96, which holds the IPv4 addresses (RFC 4291 §2.5.5.2).</summary>
    internal static bool IsMapped(byte* octets) =>
        *(ulong*)octets == 0 && *(uint*)(octets + 8) == 0xffff0000;

    internal static void WriteMapped(byte* octets, uint addressV4)
    {
        *(ulong*)octets = 0;
        *(uint*)(octets + 8) = 0xffff0000;
        *(uint*)(octets + 12) = addressV4;
    }

    /// <summary>0.0.0.0 or ::, in either form.</summary>
    internal static bool IsAny(WireAddress* address) =>
        *(ulong*)address->Octets == 0 && (*(uint*)(address->Octets + 8) is 0 or 0xffff0000) &&
        *(uint*)(address->Octets + 12) == 0;

    /// <summary>Between host and network order.</summary>
    internal static ushort Swap(ushort value) => (ushort)((value << 8) | (value >> 8));
}
