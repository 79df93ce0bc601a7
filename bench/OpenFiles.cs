using System.Globalization;

namespace Pyco.Bench;

/// <summary>RLIMIT_NOFILE, for programs that need many. Ours raise the soft limit to the hard one by themselves.</summary>
internal static class OpenFiles
{
    /// <summary>So many, or as many as there can be: root may be able to go beyond the hard limit.</summary>
    public static int Get(int wanted)
    {
        if (wanted <= HardLimit)
            return wanted;
        using Child probe = Child.Start(Allow(wanted, "true"));
        return probe.Wait() == 0 ? wanted : HardLimit;
    }

    /// <summary>The command that starts another with as many as <see cref="Get"/> gave.</summary>
    public static IReadOnlyList<string> Allow(int files, params IReadOnlyList<string> command) => files <= HardLimit
        ? command
        : ["prlimit", string.Create(CultureInfo.InvariantCulture, $"--nofile={files}:{files}"), .. command];

    private static int HardLimit
    {
        get
        {
            string line = File.ReadLines("/proc/self/limits")
                .First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
            string hard = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];
            return int.TryParse(hard, CultureInfo.InvariantCulture, out int limit) ? limit : int.MaxValue; // else: unlimited
        }
    }
}
