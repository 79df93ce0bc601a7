using Pyco.Posix;

namespace Pyco.Host.Bridge;

/// <summary>
/// The listening sockets whose hosts were killed and could not tell their programs. The kernel's list of sockets shows
/// them: they have a host's name, and nobody has the name where this host took requests.
/// </summary>
internal sealed class OrphanedListeners
{
    private const string SocketList = "/proc/net/unix";

    private HashSet<string> _known = [];

    /// <summary>Those that are there now are known: it was somebody else's to wake who waits on them.</summary>
    public void Learn() => _known = FindNow() ?? [];

    /// <summary>None is known any more.</summary>
    public void Forget() => _known.Clear();

    /// <summary>
    /// Wakes those who wait for connections on the ones that were not known. A listener that does not block stays one, and its program
    /// is told once.
    /// </summary>
    /// <returns>False if it cannot be known now which there are.</returns>
    public bool TryWakeNew()
    {
        if (FindNow() is not { } now)
            return false;
        foreach (string name in now.Where(name => !_known.Contains(name)))
            KernelSockets.WakeListener(UnixAddress.Abstract(name));
        _known = now;
        return true;
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

    private static HashSet<string>? FindNow()
    {
        try
        {
            return [.. Find(File.ReadLines(SocketList))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null; // out of descriptors, or there is no /proc
        }
    }
}
