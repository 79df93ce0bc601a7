using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Bridge;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>
/// What processes have in their environment. The octets are read into one buffer, because a scan reads those of all
/// processes, and the end of every program leads to a scan.
/// </summary>
internal static unsafe class ProcessEnvironment
{
    private const int ReadOnly = 0; // O_RDONLY
    private const int Cloexec = 0x80000; // O_CLOEXEC
    private const int FirstCapacity = 16 * 1024;

    /// <summary>The field of <c>stat</c> behind the name, which alone may hold blanks and parentheses.</summary>
    private const int FirstField = 3;

    [ThreadStatic]
    private static byte[]? Buffer;

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
        Errno error = ReadFile(pid, "environ", out ReadOnlySpan<byte> variables);
        // Without memory of its own a process has no variables, and recent kernels say that there is no such process.
        if (!variables.IsEmpty || error is not (Errno.None or Errno.ESRCH) ||
            ReadFile(pid, "stat", out ReadOnlySpan<byte> stat) != Errno.None)
            return variables;
        string[] fields = Fields(stat);
        isUnsettled = IsUnsettled(fields);
        return HasOnlyOtherThreads(fields) ? ReadOfThread(pid) : default;
    }

    /// <summary>Whether a process without variables may get some.</summary>
    /// <param name="stat">Its <c>/proc/PID/stat</c> (proc(5)).</param>
    internal static bool IsUnsettled(ReadOnlySpan<byte> stat) => IsUnsettled(Fields(stat));

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

    private static string[] Fields(ReadOnlySpan<byte> stat) =>
        Encoding.ASCII.GetString(stat[(stat.LastIndexOf((byte)')') + 1)..]).Trim().Split(' ');

    /// <summary>The variables as one of the threads that go on shows them: they share them.</summary>
    private static ReadOnlySpan<byte> ReadOfThread(int pid)
    {
        try
        {
            foreach (string folder in Directory.EnumerateDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task")))
            {
                if (ReadFile(pid, $"task/{Path.GetFileName(folder)}/environ", out ReadOnlySpan<byte> variables) == Errno.None &&
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

    /// <summary>Reads a file of a process, which may have ended or be another user's.</summary>
    private static Errno ReadFile(int pid, string name, out ReadOnlySpan<byte> content)
    {
        content = default;
        int file = Libc.open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{name}"), ReadOnly | Cloexec, 0);
        if (file < 0)
        {
            var error = (Errno)Marshal.GetLastPInvokeError();
            return DescriptorShortage.Is(error) ? throw SystemCallException.Last("open") : error;
        }
        byte[] buffer = Buffer ??= new byte[FirstCapacity];
        int length = 0;
        while (true)
        {
            nint got;
            fixed (byte* start = buffer)
                got = Libc.read(file, start + length, (nuint)(buffer.Length - length));
            if (got <= 0)
                break;
            length += (int)got;
            if (length == buffer.Length)
                Array.Resize(ref buffer, 2 * length);
        }
        Buffer = buffer;
        _ = Libc.close(file);
        content = buffer.AsSpan(0, length);
        return Errno.None;
    }
}
