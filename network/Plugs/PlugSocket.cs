using System.Globalization;
using System.Runtime.InteropServices;
using Pyco.Host.Control;
using Pyco.Posix;

namespace Pyco.Network.Plugs;

/// <summary>The socket of a plug's that frames are sent to, which the plug names by a path.</summary>
internal static class PlugSocket
{
    private const int OpenPathOnly = 0x200000; // O_PATH
    private const int NoFollow = 0x20000;

    /// <summary>
    /// Connects to it if it is the plug's own: a user could else have us send frames, with our rights, to sockets that he
    /// may not send to himself. What is looked at is what is connected to, whatever becomes of the path meanwhile.
    /// </summary>
    /// <exception cref="IOException">It is not there, or somebody else's.</exception>
    public static void Connect(int socket, in UnixAddress name, PendingConnection plug)
    {
        int file = Processes.open(name.Name, OpenPathOnly | NoFollow | Processes.CloseOnExec, 0);
        if (file < 0)
            throw new IOException($"its socket {name.Name}: {Marshal.GetLastPInvokeErrorMessage()}");
        try
        {
            if (!FileStatus.TryGetOpen(file, out FileStatus status) || !status.IsSocket ||
                (status.UserId != plug.Peer.UserId && plug.Peer.UserId != 0))
                throw new IOException($"its socket {name.Name} is not its own");
            string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file}");
            bool isPath = UnixAddress.TryFromPath(path, out UnixAddress same);
            if (!isPath || UnixAddress.Connect(socket, same) != 0)
                throw new IOException($"its socket {name.Name}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        finally
        {
            _ = Libc.close(file);
        }
    }
}
