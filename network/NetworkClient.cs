using System.Runtime.InteropServices;
using Pyco.Host.Control;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Network;

/// <summary>The other side of a network's control socket.</summary>
public sealed class NetworkClient : ControlClient
{
    private NetworkClient(string path, int socket)
        : base($"the network at {path}", socket)
    {
    }

    /// <summary>Connects to the network of a control directory.</summary>
    /// <returns>Null if no network of ours runs there.</returns>
    /// <exception cref="IOException">One does, but does not let this user in.</exception>
    public static NetworkClient? TryConnect(string path)
    {
        if (!UnixAddress.TryFromPath(NetworkFolder.ControlSocketOf(path), out UnixAddress address))
            return null;
        int socket = Libc.socket(Constants.AfUnix, Constants.SockStream | Constants.SockCloexec, 0);
        if (socket < 0)
            throw new IOException($"cannot make a socket: {Marshal.GetLastPInvokeErrorMessage()}");
        int result;
        do
            result = UnixAddress.Connect(socket, address);
        while (result != 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR);
        if (result == 0)
            return new NetworkClient(path, socket);
        var error = (Errno)Marshal.GetLastPInvokeError();
        _ = Libc.close(socket);
        return error is Errno.EACCES or Errno.EPERM
            ? throw new IOException(
                $"no permission to use the network at {path}: ask its owner to start it with a wider mode " +
                "(pyco-net start --mode, vde_switch -m), or join its group")
            : null;
    }

    /// <summary>Whether a network of ours runs there, or was killed there.</summary>
    public static bool Exists(string path) => File.Exists(NetworkFolder.ControlSocketOf(path));

    /// <summary>Asks the network to end, and waits until it has.</summary>
    public void Stop()
    {
        TrySay("stop");
        string answer = ReadToEnd();
        if (answer.StartsWith(ControlRequest.Error, StringComparison.Ordinal))
            throw new IOException(answer[ControlRequest.Error.Length..].TrimEnd('\n'));
    }
}
