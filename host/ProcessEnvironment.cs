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
        if (!TryReadFile(pid, "environ", out ReadOnlySpan<byte> variables))
            return default;
        isUnsettled = variables.IsEmpty && TryReadFile(pid, "stat", out ReadOnlySpan<byte> stat) && IsUnsettled(stat);
        return isUnsettled ? default : variables;
    }

    /// <summary>Whether a process without variables may get some.</summary>
    /// <param name="stat">Its <c>/proc/PID/stat</c> (proc(5)).</param>
    internal static bool IsUnsettled(ReadOnlySpan<byte> stat)
    {
        const int first = 3; // the field behind the name, which alone may hold blanks and parentheses
        const int memorySize = 23;
        const int environmentStart = 50;
        const int environmentEnd = 51;
        string[] fields = Encoding.ASCII.GetString(stat[(stat.LastIndexOf((byte)')') + 1)..]).Trim().Split(' ');
        // Kernels before 3.5 do not tell. Without memory it is a thread of the kernel, or has ended.
        if (fields.Length <= environmentEnd - first || fields[memorySize - first] == "0")
            return false;
        string end = fields[environmentEnd - first];
        return end == "0" || end != fields[environmentStart - first];
    }

    /// <summary>False if the process has ended or is another user's.</summary>
    private static bool TryReadFile(int pid, string name, out ReadOnlySpan<byte> content)
    {
        content = default;
        int file = Libc.open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{name}"), ReadOnly | Cloexec, 0);
        if (file < 0)
        {
            return DescriptorShortage.Is((Errno)Marshal.GetLastPInvokeError())
                ? throw SystemCallException.Last("open")
                : false;
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
        return true;
    }
}
