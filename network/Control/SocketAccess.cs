using System.Globalization;
using Pyco.Posix;

namespace Pyco.Network.Control;

/// <summary>Who may use a network's sockets.</summary>
internal static class SocketAccess
{
    /// <summary>Gives a socket of ours the network's group and mode.</summary>
    /// <exception cref="IOException">There is no such group, or we are not in it.</exception>
    public static void Grant(string path, NetworkOptions options)
    {
        const uint unchanged = uint.MaxValue;
        if (options.Group is { } group && Processes.chown(path, unchanged, IdOf(group)) != 0)
            throw new IOException($"cannot give {path} to the group {group}: are you in it?");
        File.SetUnixFileMode(path, options.Mode);
    }

    private static uint IdOf(string group)
    {
        if (uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
            return number;
        foreach (string line in File.ReadLines("/etc/group"))
        {
            string[] fields = line.Split(':');
            if (fields.Length > 2 && fields[0] == group &&
                uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint id))
                return id;
        }
        throw new IOException($"there is no group {group}");
    }
}
