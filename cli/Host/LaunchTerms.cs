using System.Globalization;
using System.Text;
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

    /// <summary>Those which a process is in; a kernel may be built without some.</summary>
    private static readonly string[] Namespaces = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

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
        catch (IOException)
        {
            return false;
        }
    }

    private static LaunchTerms? Of(string process)
    {
        string folder = $"/proc/{process}";
        try
        {
            string[] limits = Read($"{folder}/limits").Split('\n');
            if (Array.Exists(limits, IsBudget) || !IsKnownUser())
                return null;
            StringBuilder text = new();
            text.AppendLine(ProductVersion.Own);
            text.AppendLine(Identify($"{folder}/exe")); // another build may have another order
            text.AppendLine(Identify($"{folder}/root/"));
            foreach (string line in Read($"{folder}/status").Split('\n'))
            {
                if (Array.Exists(StatusLines, beginning => line.StartsWith(beginning, StringComparison.Ordinal)))
                    text.AppendLine(line);
            }
            foreach (string limit in limits)
                text.AppendLine(WithoutSoftLimitOfFiles(limit));
            text.AppendLine(Read($"{folder}/cgroup")); // what ends or limits all of one group
            text.AppendLine(Read($"{folder}/oom_score_adj"));
            text.AppendLine(ReadLabel($"{folder}/attr/current"));
            text.AppendLine(ReadScheduling(folder));
            foreach (string name in Namespaces)
                text.AppendLine(FileStatus.TryGet($"{folder}/ns/{name}", out FileStatus status) ? status.Identity : "");
            return new LaunchTerms(text.ToString());
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>A whole file: in few calls, because each launcher has to wait for this.</summary>
    private static unsafe string Read(string path)
    {
        int file = Processes.open(path, Processes.CloseOnExec, 0);
        if (file < 0)
            throw new FileNotFoundException(path);
        try
        {
            byte[] octets = new byte[4096];
            int length = 0;
            while (true)
            {
                nint taken;
                fixed (byte* free = &octets[length])
                    taken = Libc.read(file, free, (nuint)(octets.Length - length));
                if (taken < 0)
                    throw new IOException(path);
                if (taken == 0)
                    return Encoding.UTF8.GetString(octets, 0, length);
                length += (int)taken;
                if (length == octets.Length)
                    Array.Resize(ref octets, 2 * length);
            }
        }
        finally
        {
            _ = Libc.close(file);
        }
    }

    private static bool IsBudget(string limit) =>
        Array.Find(Budgets, budget => limit.StartsWith(budget, StringComparison.Ordinal)) is { } name && !limit[name.Length..].TrimStart().StartsWith($"{Unlimited} ", StringComparison.Ordinal);

    /// <summary>The process raises it for itself.</summary>
    private static string WithoutSoftLimitOfFiles(string limit) =>
        limit.StartsWith("Max open files", StringComparison.Ordinal) ? limit.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2] : limit;

    /// <summary>In a user namespace that does not know them, all users look the same.</summary>
    private static bool IsKnownUser() =>
        Read("/proc/sys/kernel/overflowuid").Trim() != Libc.geteuid().ToString(CultureInfo.InvariantCulture);

    private static string Identify(string path) =>
        FileStatus.TryGet(path, out FileStatus status) ? status.Identity : throw new FileNotFoundException(path);

    /// <summary>The label of a security module; a kernel without one says so with an error.</summary>
    private static string ReadLabel(string path)
    {
        try
        {
            return Read(path);
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
        string stat = Read($"{folder}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }
}
