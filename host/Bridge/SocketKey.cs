namespace Pyco.Host.Bridge;

internal enum SocketKind : byte
{
    /// <summary>A program's TCP socket, which the program made.</summary>
    Tcp,

    /// <summary>A program's UDP socket.</summary>
    Udp,

    /// <summary>A TCP connection that the host handed to a listener.</summary>
    Accepted,
}

/// <summary>
/// Who a socket is, in every process that holds it: the number in its kernel name, which is its cookie or, for an
/// accepted connection, the random number that the host gave it.
/// </summary>
internal readonly record struct SocketKey(SocketKind Kind, ulong Number);
