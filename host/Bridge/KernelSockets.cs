using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>What the kernel says about sockets by their names.</summary>
internal static class KernelNames
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
}
