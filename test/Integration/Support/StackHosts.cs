using System.Diagnostics;
using System.Globalization;

namespace Pyco.Integration.Tests.Support;

/// <summary>The host processes behind programs under pyco-run.</summary>
internal static class StackHosts
{
    /// <summary>The environment of a program under pyco-run tells its host's pid, as docs/host-protocol.md says.</summary>
    public static int HostOf(RunningProgram program)
    {
        string environment = File.ReadAllText($"/proc/{program.Id}/environ");
        string host = environment.Split('\0').Single(variable => variable.StartsWith("PYCO_HOST=", StringComparison.Ordinal));
        return int.Parse(host.Split(':')[3], CultureInfo.InvariantCulture);
    }

    public static bool IsAlive(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    public static void WaitForEnd(int host, TimeSpan? patience = null) =>
        Eventually.True(() => !IsAlive(host), () => $"the end of host {host}", patience);

    /// <summary>Kills a process that is not a child of the test.</summary>
    public static void Kill(int pid)
    {
        using var process = Process.GetProcessById(pid);
        process.Kill();
    }
}
