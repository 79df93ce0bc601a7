using System.Globalization;
using System.Text;
using Pyco.Host.Loop;
using Pyco.Host.Protocol;

namespace Pyco.Host;

/// <summary>
/// Which hosts the environments of all processes name. To read them takes milliseconds on a busy machine, so that one scan
/// serves all hosts whose programs ended in one turn: a thousand may.
/// </summary>
internal sealed class EnvironmentScan
{
    private static readonly byte[] Variable = Encoding.ASCII.GetBytes($"{HostProtocol.EnvironmentVariable}=");

    private static (EventLoop Loop, long Turn, EnvironmentScan Scan)? Last;

    private readonly Dictionary<string, int> _byHost = [];

    private EnvironmentScan()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
                Read(pid);
        }
    }

    /// <summary>The scan of the loop's present turn, made now if there is none.</summary>
    /// <exception cref="IOException">There was no descriptor to look with: nothing is known.</exception>
    public static EnvironmentScan Of(EventLoop loop)
    {
        if (Last is { } last && last.Loop == loop && last.Turn == loop.Turns)
            return last.Scan;
        EnvironmentScan scan = new();
        Last = (loop, loop.Turns, scan);
        return scan;
    }

    /// <summary>A process that executes another program just now, so that its environment is not known; or null.</summary>
    public int? Unsettled { get; private set; }

    /// <summary>A process of the host, or null.</summary>
    public int? Find(string hostId) => _byHost.TryGetValue(hostId, out int pid) ? pid : null;

    private void Read(int pid)
    {
        ReadOnlySpan<byte> rest = ProcessEnvironment.Read(pid, out bool isUnsettled);
        if (isUnsettled)
            Unsettled = pid;
        int start;
        while ((start = rest.IndexOf(Variable)) >= 0)
        {
            rest = rest[(start + Variable.Length)..];
            if (rest.Length >= HostProtocol.HostIdDigits)
                _byHost[Encoding.ASCII.GetString(rest[..HostProtocol.HostIdDigits])] = pid;
        }
    }
}
