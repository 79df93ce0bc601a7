using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Pyco.Network;
using Pyco.Posix;
using Pyco.Vde;

namespace Pyco.Cli.Host;

/// <summary>
/// The abstract name of the process that holds a user's hosts on a switch. It stands for all that a host's process takes over from its
/// launcher: launchers that differ in any of it get processes of their own, as if nobody shared.
/// </summary>
internal static class SharingName
{
    private const string Prefix = "pyco-host-";

    /// <summary>Who the launcher is, what it may do, and where it may run (proc_pid_status(5)).</summary>
    private static readonly string[] StatusLines = ["Uid:", "Gid:", "Groups:", "CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:", "Cpus_allowed:"];

    private static readonly string[] Namespaces = ["mnt", "net", "pid", "user"];

    /// <summary>The name for this process and a switch; null if not all of it is known.</summary>
    /// <param name="network">The switch.</param>
    /// <param name="environment">Looks a variable up.</param>
    public static string? Find(VnlLocator network, Func<string, string?> environment)
    {
        try
        {
            string[] parts =
            [
                ProductVersion.Own,
                Identify("/proc/self/exe"), // another build may have another order
                Identify("/"),
                network.Path,
                Identify(network.ControlPath),
                environment("XDG_RUNTIME_DIR") ?? "",
                .. File.ReadLines("/proc/self/status").Where(line => StatusLines.Any(wanted => line.StartsWith(wanted, StringComparison.Ordinal))),
                File.ReadAllText("/proc/self/cgroup"), // what ends or limits all of one group
                File.ReadAllText("/proc/self/limits"),
                File.ReadAllText("/proc/self/oom_score_adj"),
                .. Namespaces.Select(name => File.ResolveLinkTarget($"/proc/self/ns/{name}", returnFinalTarget: false)?.Name ?? ""),
                ReadScheduling(),
            ];
            byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts)));
            return Prefix + Convert.ToHexStringLower(digest.AsSpan(0, 16));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Identify(string path) => FileStatus.TryGet(path, out FileStatus status)
        ? string.Create(CultureInfo.InvariantCulture, $"{status.DeviceMajor:x}:{status.DeviceMinor:x}:{status.Inode:x}")
        : throw new FileNotFoundException(path);

    /// <summary>Priority, nice value and policy (proc_pid_stat(5), fields 18, 19, 40 and 41).</summary>
    private static string ReadScheduling()
    {
        string stat = File.ReadAllText("/proc/self/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return string.Join(' ', fields[18 - 3], fields[19 - 3], fields[40 - 3], fields[41 - 3]);
    }
}
