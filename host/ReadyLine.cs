using System.Text;
using Pyco.Posix;

namespace Pyco.Host;

/// <summary>The pipe on which a launcher waits for the process that it has started.</summary>
internal sealed class ReadyLine(int descriptor)
{
    private int _descriptor = descriptor;

    /// <summary>Writes the one line that the launcher waits for; false if it was written already.</summary>
    public unsafe bool TryTell(string line)
    {
        if (_descriptor < 0)
            return false;
        byte[] octets = Encoding.UTF8.GetBytes(line + "\n");
        fixed (byte* start = octets)
            _ = Libc.write(_descriptor, start, (nuint)octets.Length);
        _ = Libc.close(_descriptor);
        _descriptor = -1;
        return true;
    }
}
