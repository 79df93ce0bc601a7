using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;

namespace Pyco.Shim;

/// <summary>The names in the abstract namespace by which shim and host know sockets (<see cref="HostProtocol"/>).</summary>
internal static unsafe class SocketName
{
    // NUL, "pyco/", H
    private const int PrefixLength = 1 + 5 + HostProtocol.HostIdDigits;
    private const int EndpointOctets = 16;

    /// <summary><c>pyco/H</c>, where the host takes requests and TCP connects.</summary>
    internal static uint WriteRequests(UnixAddress* address) => Finish(address, WritePrefix(address));

    /// <summary><c>pyco/H/d</c>, where the host takes UDP sockets.</summary>
    internal static uint WriteDatagrams(UnixAddress* address) =>
        Finish(address, Memory.Append(WritePrefix(address), "/d"u8));

    /// <summary><c>pyco/H/n</c>, where the host takes notes.</summary>
    internal static uint WriteNotes(UnixAddress* address) => Finish(address, Memory.Append(WritePrefix(address), "/n"u8));

    /// <summary><c>pyco/H/t4/C</c> and its like: the identity of a program's socket.</summary>
    internal static uint WriteSocket(UnixAddress* address, SocketState state, ulong cookie)
    {
        byte* at = WritePrefix(address);
        *at++ = (byte)'/';
        *at++ = (byte)(Descriptor.IsEcho(state) ? 'i' : (state & SocketState.Datagram) != 0 ? 'u' : 't');
        *at++ = (byte)((state & SocketState.V6) != 0 ? '6' : '4');
        *at++ = (byte)'/';
        return Finish(address, Hexadecimal.Write(at, cookie));
    }

    /// <summary>
    /// Whether the other end of a connection is the host that serves this process. A socket that was passed on, or has outlived a
    /// host, may be another one's.
    /// </summary>
    internal static bool LeadsToOurHost(int fd)
    {
        UnixAddress name = default;
        uint length = (uint)sizeof(UnixAddress);
        return StackHost.IsReachable && Kernel.GetPeerName(fd, &name, &length) >= 0 &&
            length >= UnixAddress.PathOffset + PrefixLength && HasPrefix(&name);
    }

    /// <summary>Reads both endpoints out of <c>pyco/H/c/N/L/R</c>, the name of the host's end of an accepted connection.</summary>
    internal static bool TryReadConnection(UnixAddress* address, uint length, WireAddress* local, WireAddress* remote)
    {
        const int expectedLength = UnixAddress.PathOffset + PrefixLength + 3 + HostProtocol.CookieDigits +
            (2 * (1 + HostProtocol.EndpointDigits));
        if (length != expectedLength || !HasPrefix(address))
            return false;
        byte* at = address->Path + PrefixLength;
        if (!Memory.StartsWith(at, "/c/"u8))
            return false;
        at += 3 + HostProtocol.CookieDigits;
        return *at++ == '/' && TryReadEndpoint(ref at, local) && *at++ == '/' && TryReadEndpoint(ref at, remote);
    }

    private static bool TryReadEndpoint(ref byte* at, WireAddress* endpoint)
    {
        *endpoint = default;
        byte* port = stackalloc byte[2];
        if (!Hexadecimal.TryRead(ref at, endpoint->Octets, EndpointOctets) || !Hexadecimal.TryRead(ref at, port, 2))
            return false;
        endpoint->Port = (ushort)((port[0] << 8) | port[1]);
        endpoint->Family = SocketAddress.IsMapped(endpoint->Octets) ? (ushort)AfInet : (ushort)AfInet6;
        return true;
    }

    private static byte* WritePrefix(UnixAddress* address)
    {
        address->Family = AfUnix;
        byte* at = address->Path;
        *at++ = 0;
        at = Memory.Append(at, "pyco/"u8);
        StackHost.CopyId(at);
        return at + HostProtocol.HostIdDigits;
    }

    private static bool HasPrefix(UnixAddress* address)
    {
        UnixAddress expected = default;
        _ = WritePrefix(&expected);
        return address->Family == AfUnix && Memory.Equal(address->Path, expected.Path, PrefixLength);
    }

    private static uint Finish(UnixAddress* address, byte* end) => (uint)(end - (byte*)address);
}
