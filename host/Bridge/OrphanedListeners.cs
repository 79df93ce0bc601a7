using Pyco.Posix;

namespace Pyco.Host.Bridge;

/// <summary>
/// The listening sockets whose hosts were killed and could not tell their programs. The kernel's list of sockets shows
/// them: they have a host's name, and nobody has the name where this host took requests.
/// </summary>
internal static class OrphanedListeners
{
    private const string SocketList = "/proc/net/unix";

    /// <summary>Wakes those who wait for connections on them.</summary>
    /// <exception cref="IOException">The list cannot be read.</exception>
    public static void Wake()
    {
        foreach (string name in Find(File.ReadLines(SocketList)))
            KernelSockets.WakeListener(UnixAddress.Abstract(name));
    }

    /// <summary>The abstract names of orphaned listeners.</summary>
    /// <param name="lines">Of <c>/proc/net/unix</c> (proc(5)).</param>
    public static IReadOnlyList<string> Find(IEnumerable<string> lines)
    {
        const string listening = "00010000"; // __SO_ACCEPTCON
        const int flags = 3;
        const int path = 7;
        List<(uint Host, string Name)> listeners = [];
        HashSet<uint> hosts = [];
        foreach (string line in lines)
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            // An '@' stands for the NUL of an abstract name.
            if (fields.Length != path + 1 || fields[flags] != listening || fields[path][0] != '@')
                continue;
            string name = fields[path][1..];
            if (!SocketNames.TryReadHost(name, out uint host))
                continue;
            SocketNames names = new(host);
            if (name == names.Requests.Name)
                hosts.Add(host);
            else if (names.TryReadProgram(UnixAddress.Abstract(name), out SocketKey key) && key.Kind == SocketKind.Tcp)
                listeners.Add((host, name));
        }
        return [.. listeners.Where(listener => !hosts.Contains(listener.Host)).Select(listener => listener.Name)];
    }
}
