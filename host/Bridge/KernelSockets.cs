using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>What the kernel says about programs' sockets: it is believed where a message would not be.</summary>
internal static unsafe class KernelSockets
{
    /// <summary>Whether a program still holds the socket of this name: if not, we could bind the name ourselves.</summary>
    /// <param name="name">The name.</param>
    /// <param name="type">SOCK_STREAM or SOCK_SEQPACKET: names of different types do not meet.</param>
    public static bool IsAlive(in UnixAddress name, int type)
    {
        int probe = Libc.socket(Constants.AfUnix, type | Constants.SockCloexec, 0);
        if (probe < 0)
            return true; // out of descriptors: nothing is known, and to live is the harmless answer
        bool isTaken = UnixAddress.Bind(probe, name) < 0 && Marshal.GetLastPInvokeError() == (int)Errno.EADDRINUSE;
        _ = Libc.close(probe);
        return isTaken;
    }

    /// <summary>
    /// Makes a listener readable whose host is no more: it gets a connection that the kernel keeps for it. The library
    /// takes it for a stranger's, looks for its host, and tells the program (docs/host-protocol.md, "Life").
    /// </summary>
    public static void WakeListener(in UnixAddress name)
    {
        // It may be gone, or have connections enough that wait for it: then it is awake.
        int caller = UnixAddress.Dial(name);
        if (caller >= 0)
            _ = Libc.close(caller);
    }

    /// <summary>SOCK_STREAM and so on; -1 for what is no socket.</summary>
    public static int TypeOf(int descriptor)
    {
        int type;
        return TryGet(descriptor, OptionNumbers.SoType, &type, sizeof(int)) ? type : -1;
    }

    /// <summary>The socket's cookie, which no two sockets share; 0 for what is no socket.</summary>
    public static ulong CookieOf(int descriptor)
    {
        ulong cookie;
        return TryGet(descriptor, OptionNumbers.SoCookie, &cookie, sizeof(ulong)) ? cookie : 0;
    }

    /// <summary>Whether the number is the socket's own cookie, which no two sockets share.</summary>
    public static bool HasCookie(int descriptor, ulong number)
    {
        ulong cookie;
        return TryGet(descriptor, OptionNumbers.SoCookie, &cookie, sizeof(ulong)) && cookie == number;
    }

    /// <summary>Whether it was this process that connected to the accepted socket.</summary>
    public static bool IsConnectedByUs(int descriptor)
    {
        PeerCredentials peer;
        return TryGet(descriptor, Constants.SoPeercred, &peer, sizeof(PeerCredentials)) &&
            peer.ProcessId == Environment.ProcessId;
    }

    private static bool TryGet(int descriptor, int option, void* value, int size)
    {
        uint length = (uint)size;
        return Libc.getsockopt(descriptor, Constants.SolSocket, option, value, &length) == 0 && length == size;
    }
}
