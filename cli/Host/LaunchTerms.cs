using System.Globalization;
using Pyco.Network;
using Pyco.Posix;

namespace Pyco.Cli.Host;

/// <summary>
/// All that a host's process takes over from its launcher. Launchers that differ in any of it share no process: a host must not be able to
/// do, or be spared, what its launcher could not (decision 22).
/// </summary>
/// <param name="Text">The same for two processes with the same terms, and for no others.</param>
internal sealed record LaunchTerms(string Text)
{
    private const string Unlimited = "unlimited";

    /// <summary>Who the process is, what it may do, and where it may run (proc_pid_status(5)).</summary>
    private static readonly string[] StatusLines = ["Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:", "Seccomp:", "Cpus_allowed:", "Mems_allowed:"];

    /// <summary>What is not for each host but for all of a process together: who has a budget keeps it for himself.</summary>
    private static readonly string[] Budgets = ["Max cpu time", "Max file size", "Max data size", "Max address space"];

    /// <summary>Those of this process; null if it should share with nobody.</summary>
    public static LaunchTerms? Own { get; } = Of("self");

    /// <summary>Those of another process; null if it should share with nobody, or they cannot be read.</summary>
    public static LaunchTerms? Of(int pid) => Of(pid.ToString(CultureInfo.InvariantCulture));

    /// <summary>
    /// Whether a process has whoever waits for the end of this one among its ancestors (prctl(2), PR_SET_CHILD_SUBREAPER): anybody may
    /// make init wait, and nobody else.
    /// </summary>
    public static bool IsWaitedForAlike(int pid)
    {
        const int init = 1;
        try
        {
            int waiting = ParentOf("self");
            int ancestor = pid;
            while (ancestor != waiting && ancestor > init)
                ancestor = ParentOf(ancestor.ToString(CultureInfo.InvariantCulture));
            return waiting == init || ancestor == waiting;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static LaunchTerms? Of(string process)
    {
        string folder = $"/proc/{process}";
        try
        {
            string[] limits = File.ReadAllLines($"{folder}/limits");
            string[] status = [.. File.ReadLines($"{folder}/status").Where(line => Array.Exists(StatusLines, line.StartsWith))];
            if (Array.Exists(limits, IsBudget) || !IsKnownUser())
                return null;
            string[] parts =
            [
                ProductVersion.Own,
                Identify($"{folder}/exe"), // another build may have another order
                Identify($"{folder}/root/"),
                .. status,
                .. limits.Select(WithoutSoftLimitOfFiles),
                File.ReadAllText($"{folder}/cgroup"), // what ends or limits all of one group
                File.ReadAllText($"{folder}/oom_score_adj"),
                ReadLabel($"{folder}/attr/current"),
                ReadScheduling(folder),
                .. Directory.GetFileSystemEntries($"{folder}/ns").Order(StringComparer.Ordinal)
                    .Select(name => File.ResolveLinkTarget(name, returnFinalTarget: false)?.Name ?? ""),
            ];
            return new LaunchTerms(string.Join('\n', parts));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsBudget(string limit) =>
        Array.Find(Budgets, limit.StartsWith) is { } name && !limit[name.Length..].TrimStart().StartsWith($"{Unlimited} ", StringComparison.Ordinal);

    /// <summary>The process raises it for itself.</summary>
    private static string WithoutSoftLimitOfFiles(string limit) =>
        limit.StartsWith("Max open files", StringComparison.Ordinal) ? limit.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2] : limit;

    /// <summary>In a user namespace that does not know them, all users look the same.</summary>
    private static bool IsKnownUser() =>
        File.ReadAllText("/proc/sys/kernel/overflowuid").Trim() != Libc.geteuid().ToString(CultureInfo.InvariantCulture);

    private static string Identify(string path) =>
        FileStatus.TryGet(path, out FileStatus status) ? status.Identity : throw new FileNotFoundException(path);

    /// <summary>The label of a security module; a kernel without one says so with an error.</summary>
    private static string ReadLabel(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>Priority, nice value and policy (proc_pid_stat(5), fields 18, 19, 40 and 41).</summary>
    private static string ReadScheduling(string folder)
    {
        string[] fields = ReadStat(folder);
        return string.Join(' ', fields[18 - 3], fields[19 - 3], fields[40 - 3], fields[41 - 3]);
    }

    private static int ParentOf(string process) => int.Parse(ReadStat($"/proc/{process}")[4 - 3], CultureInfo.InvariantCulture);

    /// <summary>The fields from the third on, behind the name, which may have blanks in it.</summary>
    private static string[] ReadStat(string folder)
    {
        string stat = File.ReadAllText($"{folder}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }
}
