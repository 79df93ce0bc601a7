using Pyco.Posix;

namespace Pyco.Host.Bridge;

internal enum SocketKind : byte
{
    /// <summary>A program's TCP socket, which the program made.</summary>
    Tcp,

    /// <summary>A program's UDP socket.</summary>
    Udp,

    /// <summary>A program's socket for ICMP echo.</summary>
    Echo,

    /// <summary>A TCP connection that the host handed to a listener.</summary>
    Accepted,
}

/// <summary>
/// Who a socket is, in every process that holds it: what its kernel name says. The number is its cookie or, for an
/// accepted connection, the random one that the host gave it.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="IsV6">AF_INET6, else AF_INET; an accepted connection's is its listener's.</param>
/// <param name="Number">The number.</param>
internal readonly record struct SocketKey(SocketKind Kind, bool IsV6, ulong Number)
{
    /// <summary>True where the program's socket introduces itself, and each message is a datagram.</summary>
    public bool IsDatagram => Kind is SocketKind.Udp or SocketKind.Echo;

    /// <summary>The type of the kernel socket. Names of different types do not meet, so a name alone proves nothing.</summary>
    public int KernelType => IsDatagram ? Constants.SockSeqpacket : Constants.SockStream;
}
