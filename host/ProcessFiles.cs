using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Bridge;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>
/// What the kernel tells of processes in <c>/proc/PID</c>. The octets are read into one buffer, because a scan reads a file of all
/// processes, and the end of every program leads to a scan.
/// </summary>
internal static unsafe class ProcessFiles
{
    /// <summary>The field of <c>stat</c> behind the name, which alone may hold blanks and parentheses.</summary>
    public const int FirstStatField = 3;

    private const int ReadOnly = 0; // O_RDONLY
    private const int Cloexec = 0x80000; // O_CLOEXEC
    private const int FirstCapacity = 16 * 1024;

    [ThreadStatic]
    private static byte[]? Buffer;

    /// <summary>Reads a file of a process, which may have ended or be another user's.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="name">The file's path in its folder.</param>
    /// <param name="content">Octets that are valid until the next call.</param>
    /// <returns>None, or why it cannot be opened.</returns>
    /// <exception cref="IOException">There is no descriptor to look with: nothing is known.</exception>
    public static Errno TryRead(int pid, string name, out ReadOnlySpan<byte> content)
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

    /// <summary>The fields of a process's <c>stat</c> (proc_pid_stat(5)) from <see cref="FirstStatField"/> on.</summary>
    public static string[] StatFields(ReadOnlySpan<byte> stat) =>
        Encoding.ASCII.GetString(stat[(stat.LastIndexOf((byte)')') + 1)..]).Trim().Split(' ');
}
