using Pyco.Host.Protocol;
using static Pyco.Posix.Constants;

namespace Pyco.Shim;

/// <summary>
/// The send buffer of a socket that connects. The filler behind a connect request has to fill a quarter of it, so it is kept
/// small meanwhile: that makes 1.15 times as many connections in a second.
/// </summary>
/// <remarks>
/// It becomes what it was where the shim sees that the program knows of its connection: when connect() returns, or SO_ERROR is
/// asked for. A program that does neither goes on with the small one, which is slower for much data, but works.
/// </remarks>
internal static unsafe class SendBuffer
{
    /// <summary>Linux's net.core.wmem_default. Where it, or the program, has chosen another size, that size is left alone.</summary>
    internal const int Usual = 212992;

    private const int Small = 65536;

    /// <summary>Makes the buffer small, if it is as usual.</summary>
    /// <returns>Its size in octets.</returns>
    internal static int Shrink(int fd, ref SocketState state)
    {
        int size = 0;
        uint length = sizeof(int);
        _ = Kernel.GetOption(fd, SolSocket, SoSndbuf, &size, &length);
        if (size != Usual || !Set(fd, Small))
            return size;
        state |= SocketState.HasSmallSendBuffer;
        return Small;
    }

    /// <summary>Makes the buffer what it was.</summary>
    /// <returns>The socket's new state, which is not set yet.</returns>
    internal static SocketState Restore(int fd, SocketState state)
    {
        if ((state & SocketState.HasSmallSendBuffer) != 0)
            _ = Set(fd, Usual);
        return state & ~SocketState.HasSmallSendBuffer;
    }

    private static bool Set(int fd, int size)
    {
        size /= 2; // the kernel doubles it (socket(7))
        return Kernel.SetOption(fd, SolSocket, SoSndbuf, &size, sizeof(int)) >= 0;
    }
}
