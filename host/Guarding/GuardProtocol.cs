using Pyco.Host.Control;
using Pyco.Posix;

namespace Pyco.Host.Guarding;

/// <summary>What a process and its guard have agreed on (docs/host-protocol.md, "Life").</summary>
internal static class GuardProtocol
{
    /// <summary>What a process sends with its pidfd: look after me.</summary>
    public const byte Watch = (byte)'w';

    /// <summary>What it sends before its end: all who waited for it have been told.</summary>
    public const byte InOrder = (byte)'.';

    /// <summary>Connects to the guard.</summary>
    /// <param name="name">Its abstract name.</param>
    /// <returns>-1 if there is none. Anybody can take an abstract name: who has it must be the user's own.</returns>
    public static int Dial(string name)
    {
        int socket = UnixAddress.Dial(UnixAddress.Abstract(name));
        if (socket < 0 || PendingConnection.ReadPeer(socket).UserId == Libc.geteuid())
            return socket;
        _ = Libc.close(socket);
        return -1;
    }
}
