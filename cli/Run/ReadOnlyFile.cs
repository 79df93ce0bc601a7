using Microsoft.Win32.SafeHandles;
using Pyco.Posix;

namespace Pyco.Cli.Run;

/// <summary>Files that are looked into, and may be anybody's.</summary>
internal static class ReadOnlyFile
{
    private const int ReadOnly = 0;

    /// <summary>
    /// Opens one. The runtime's own way takes a lock on it too, and is refused where the user has one, as in <c>flock ./app pyco-run ./app</c>.
    /// </summary>
    /// <returns>Null if it cannot be read, and errno.</returns>
    public static SafeFileHandle? TryOpen(string path)
    {
        int descriptor = Processes.open(path, ReadOnly | Processes.NonBlock | Processes.CloseOnExec, 0);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }
}
