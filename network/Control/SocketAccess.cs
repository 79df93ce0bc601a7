using System.Runtime.InteropServices;
using Pyco.Posix;

namespace Pyco.Network.Control;

/// <summary>Who may use a network's sockets.</summary>
internal static class SocketAccess
{
    /// <summary>Gives a socket of ours the network's group and mode.</summary>
    /// <exception cref="IOException">There is no such group, or we are not in it.</exception>
    public static void Grant(string path, NetworkOptions options) => Grant(path, options.Group, options.Mode);

    /// <summary>Gives a file of ours a group, or none, and a mode.</summary>
    /// <exception cref="IOException">There is no such group, or we are not in it; or the file is somebody else's.</exception>
    public static void Grant(string path, string? group, UnixFileMode mode)
    {
        const uint unchanged = uint.MaxValue;
        if (group is not null && Processes.chown(path, unchanged, IdOf(group)) != 0)
            throw new IOException($"cannot give {path} to the group {group}: are you in it?");
        if (Libc.chmod(path, (uint)mode) != 0)
            throw new IOException($"cannot set the permissions of {path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static uint IdOf(string group) => AccountNames.Groups().FindId(group) ?? throw new IOException($"there is no group {group}");
}
