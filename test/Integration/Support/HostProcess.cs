using System.Diagnostics;
using System.Globalization;

namespace Pyco.Integration.Tests.Support;

/// <summary>The stack host of a program, as /proc shows it.</summary>
internal sealed class HostProcess
{
    private HostProcess(int id, string name) => (Id, Name) = (id, name);

    public int Id { get; }

    /// <summary>The host's id in its abstract names.</summary>
    public string Name { get; }

    /// <summary>Whether the host has its names; its process may be that of others, too.</summary>
    public bool IsAlive => File.ReadLines("/proc/net/unix").Any(line => line.EndsWith($" @pyco/{Name}", StringComparison.Ordinal));

    public int OpenDescriptors => Directory.GetFileSystemEntries($"/proc/{Id}/fd").Length;

    public long ResidentOctets => StatusNumber("status", "VmRSS:") * 1024;

    /// <summary>How often its loop's thread has gone to sleep.</summary>
    public long WakeUps => StatusNumber($"task/{Id}/status", "voluntary_ctxt_switches:");

    /// <summary>Processor time in clock ticks, of all threads, in user mode and in the kernel (proc(5), fields 14 and 15).</summary>
    public long ProcessorTicks
    {
        get
        {
            string[] fields = StatOf(Id);
            return Number(fields[14 - 3]) + Number(fields[15 - 3]);
        }
    }

    /// <summary>The environment of a program under pyco-run tells, as docs/host-protocol.md says.</summary>
    public static HostProcess Of(RunningProgram program)
    {
        string environment = File.ReadAllText($"/proc/{program.Id}/environ");
        string host = environment.Split('\0').Single(variable => variable.StartsWith("PYCO_HOST=", StringComparison.Ordinal));
        string[] parts = host["PYCO_HOST=".Length..].Split(':');
        return new HostProcess(int.Parse(parts[3], CultureInfo.InvariantCulture), parts[0]);
    }

    /// <summary>Kills a process that is not a child of the test, and waits for its end.</summary>
    public static void Kill(int pid)
    {
        using var process = Process.GetProcessById(pid);
        process.Kill();
        process.WaitForExit(RunningProgram.Patience);
    }

    /// <summary>The children of a process, also those that have ended and were not waited for.</summary>
    public static int[] ChildrenOf(int pid) =>
        [.. Process.GetProcesses().Select(process => process.Id).Where(id => ParentOf(id) == pid)];

    /// <summary>Asks it to end in order.</summary>
    public void Terminate() => RunningProgram.Signal(Id, RunningProgram.SigTerm);

    public void WaitForEnd(TimeSpan? patience = null) =>
        Eventually.True(() => !IsAlive, () => $"the end of host {Id}", patience);

    private static int ParentOf(int pid)
    {
        try
        {
            return (int)Number(StatOf(pid)[4 - 3]);
        }
        catch (IOException)
        {
            return 0; // it has just ended
        }
    }

    /// <summary>From the third on (proc(5)).</summary>
    private static string[] StatOf(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    private long StatusNumber(string file, string field)
    {
        string line = File.ReadLines($"/proc/{Id}/{file}").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return Number(line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim());
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
