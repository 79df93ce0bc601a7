namespace Pyco.Integration.Tests.Support;

/// <summary>Whether another process's socket takes connections, without making one.</summary>
internal static class ListeningSocket
{
    /// <summary>The file of a socket is there from bind on, and only from listen on one can connect to it.</summary>
    public static bool Exists(string path)
    {
        const string listening = "00010000"; // __SO_ACCEPTCON, in the fourth field (proc(5))
        return File.ReadLines("/proc/net/unix").Any(
            line => line.EndsWith($" {path}", StringComparison.Ordinal) &&
                line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3] == listening);
    }
}
