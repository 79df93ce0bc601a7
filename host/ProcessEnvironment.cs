using System.Globalization;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>What processes have in their environment.</summary>
internal static class ProcessEnvironment
{
    private const int FirstField = ProcessFiles.FirstStatField;

    /// <summary>The variables of a process; none if it has ended or is another user's.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="isUnsettled">
    /// True if there are none yet, and may be a moment later: execve(2) has made new memory and not yet put them there.
    /// </param>
    /// <returns>Octets that are valid until the next call.</returns>
    /// <exception cref="IOException">There is no descriptor to look with: nothing is known.</exception>
    public static ReadOnlySpan<byte> Read(int pid, out bool isUnsettled)
    {
        isUnsettled = false;
        Errno error = ProcessFiles.TryRead(pid, "environ", out ReadOnlySpan<byte> variables);
        // Without memory of its own a process has no variables, and recent kernels say that there is no such process.
        if (!variables.IsEmpty || error is not (Errno.None or Errno.ESRCH) ||
            ProcessFiles.TryRead(pid, "stat", out ReadOnlySpan<byte> stat) != Errno.None)
            return variables;
        string[] fields = ProcessFiles.StatFields(stat);
        isUnsettled = IsUnsettled(fields);
        return HasOnlyOtherThreads(fields) ? ReadOfThread(pid) : default;
    }

    /// <summary>Whether a process without variables may get some.</summary>
    /// <param name="stat">Its <c>/proc/PID/stat</c> (proc(5)).</param>
    internal static bool IsUnsettled(ReadOnlySpan<byte> stat) => IsUnsettled(ProcessFiles.StatFields(stat));

    private static bool IsUnsettled(string[] fields)
    {
        const int memorySize = 23;
        const int environmentStart = 50;
        const int environmentEnd = 51;
        // Kernels before 3.5 do not tell. Without memory it is a thread of the kernel, or has ended.
        if (fields.Length <= environmentEnd - FirstField || fields[memorySize - FirstField] == "0")
            return false;
        string end = fields[environmentEnd - FirstField];
        return end == "0" || end != fields[environmentStart - FirstField];
    }

    /// <summary>Whether its first thread has ended (pthread_exit(3) in main), and others go on.</summary>
    private static bool HasOnlyOtherThreads(string[] fields)
    {
        const int state = 3;
        const int threads = 20;
        return fields.Length > threads - FirstField && fields[state - FirstField] == "Z" && fields[threads - FirstField] != "1";
    }

    /// <summary>The variables as one of the threads that go on shows them: they share them.</summary>
    private static ReadOnlySpan<byte> ReadOfThread(int pid)
    {
        try
        {
            foreach (string folder in Directory.EnumerateDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task")))
            {
                if (ProcessFiles.TryRead(pid, $"task/{Path.GetFileName(folder)}/environ", out ReadOnlySpan<byte> variables) == Errno.None &&
                    !variables.IsEmpty)
                    return variables;
            }
        }
        catch (DirectoryNotFoundException)
        {
            // it has just ended
        }
        return default;
    }
}
