using System.Runtime.InteropServices;
using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Posix;

namespace Pyco.Network.Control;

/// <summary>Opens a network's listening sockets.</summary>
internal static class PathListener
{
    /// <summary>Listens at a path.</summary>
    /// <typeparam name="T">What a connection becomes.</typeparam>
    /// <param name="loop">Watches the sockets.</param>
    /// <param name="path">The socket's path.</param>
    /// <param name="options">Who may connect.</param>
    /// <param name="make">Makes a connection of an accepted descriptor.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static ConnectionListener<T> Open<T>(EventLoop loop, string path, NetworkOptions options, Func<int, T> make)
        where T : PendingConnection
    {
        if (!UnixAddress.TryFromPath(path, out UnixAddress address))
            throw new IOException($"the path {path} is too long for a socket (107 octets at most): choose a shorter one");
        ConnectionListener<T> listener;
        try
        {
            listener = new ConnectionListener<T>(loop, address, make);
        }
        catch (SystemCallException failure)
        {
            throw new IOException($"cannot listen at {path}: {Marshal.GetPInvokeErrorMessage(failure.Errno)}", failure);
        }
        SocketAccess.Grant(path, options);
        return listener;
    }
}
