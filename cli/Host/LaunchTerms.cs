using System.Globalization;
using System.Text;
using Pyco.Host;
using Pyco.Network;
using Pyco.Posix;
using Pyco.Stack;

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

    /// <summary>Those which a process is in; a kernel may be built without some.</summary>
    private static readonly string[] Namespaces = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

    /// <summary>Priority, nice value, real-time priority and policy (proc_pid_stat(5)).</summary>
    private static readonly int[] SchedulingFields = [18, 19, 40, 41];

    /// <summary>What is not for each host but for all of a process together: who has a budget keeps it for himself.</summary>
    private static readonly string[] Budgets = ["Max cpu time", "Max file size", "Max data size", "Max address space"];

    /// <summary>Those of this process; null if it should share with nobody.</summary>
    public static LaunchTerms? Own { get; } = Of(Environment.ProcessId);

    /// <summary>Those of a process; null if it should share with nobody, or they cannot be read.</summary>
    public static LaunchTerms? Of(int pid)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
        try
        {
            string[] limits = Read(pid, "limits").Split('\n');
            if (Array.Exists(limits, IsBudget) || !IsKnownUser())
                return null;
            StringBuilder text = new();
            text.AppendLine(ProductVersion.Own);
            text.AppendLine(Identify($"{folder}/exe")); // another build may have another order
            text.AppendLine(Identify($"{folder}/root/"));
            foreach (string line in Read(pid, "status").Split('\n'))
            {
                if (Array.Exists(StatusLines, beginning => line.StartsWith(beginning, StringComparison.Ordinal)))
                    text.AppendLine(line);
            }
            foreach (string limit in limits)
                text.AppendLine(WithoutSoftLimitOfFiles(limit));
            text.AppendLine(Read(pid, "cgroup")); // what ends or limits all of one group
            text.AppendLine(Read(pid, "oom_score_adj"));
            text.AppendLine(ReadScheduling(pid));
            // The label of a security module, which a kernel need not have.
            _ = ProcessFiles.TryRead(pid, "attr/current", out ReadOnlySpan<byte> label);
            text.AppendLine(Encoding.UTF8.GetString(label));
            foreach (string name in Namespaces)
                text.AppendLine(FileStatus.TryGet($"{folder}/ns/{name}", out FileStatus status) ? status.Identity : "");
            return new LaunchTerms(text.ToString());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether a process has whoever waits for the end of this one among its ancestors (prctl(2), PR_SET_CHILD_SUBREAPER): anybody may
    /// make init wait, and nobody else.
    /// </summary>
    public static bool IsWaitedForAlike(int pid)
    {
        const int init = 1;
        try
        {
            int waiting = ParentOf(Environment.ProcessId);
            int ancestor = pid;
            while (ancestor != waiting && ancestor > init)
                ancestor = ParentOf(ancestor);
            return waiting == init || ancestor == waiting;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Read(int pid, string name) =>
        ProcessFiles.TryRead(pid, name, out ReadOnlySpan<byte> content) == Errno.None && !content.IsEmpty
            ? Encoding.UTF8.GetString(content)
            : throw new FileNotFoundException(name);

    private static bool IsBudget(string limit) =>
        Array.Find(Budgets, budget => limit.StartsWith(budget, StringComparison.Ordinal)) is { } name && !limit[name.Length..].TrimStart().StartsWith($"{Unlimited} ", StringComparison.Ordinal);

    /// <summary>The process raises it for itself.</summary>
    private static string WithoutSoftLimitOfFiles(string limit) =>
        limit.StartsWith("Max open files", StringComparison.Ordinal) ? limit.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2] : limit;

    /// <summary>In a user namespace that does not know them, all users look the same.</summary>
    private static bool IsKnownUser() =>
        File.ReadAllText("/proc/sys/kernel/overflowuid").Trim() != Libc.geteuid().ToString(CultureInfo.InvariantCulture);

    private static string Identify(string path) =>
        FileStatus.TryGet(path, out FileStatus status) ? status.Identity : throw new FileNotFoundException(path);

    private static string ReadScheduling(int pid)
    {
        string[] fields = ReadStat(pid);
        return string.Join(' ', SchedulingFields.Select(field => fields[field - ProcessFiles.FirstStatField]));
    }

    private static int ParentOf(int pid) => int.Parse(ReadStat(pid)[4 - ProcessFiles.FirstStatField], CultureInfo.InvariantCulture);

    private static string[] ReadStat(int pid) =>
        ProcessFiles.TryRead(pid, "stat", out ReadOnlySpan<byte> stat) == Errno.None && !stat.IsEmpty
            ? ProcessFiles.StatFields(stat)
            : throw new FileNotFoundException("stat");
}
