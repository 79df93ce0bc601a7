using System.Globalization;
using System.Runtime.InteropServices;
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
    /// <returns>Octets that are valid until the next call.</returns>
    /// <exception cref="IOException">There is no descriptor to look with: nothing is known.</exception>
    public static ReadOnlySpan<byte> Read(int pid)
    {
        int file = Libc.open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/environ"), ReadOnly | Cloexec, 0);
        if (file < 0)
        {
            return DescriptorShortage.Is((Errno)Marshal.GetLastPInvokeError())
                ? throw SystemCallException.Last("open")
                : default;
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
        return buffer.AsSpan(0, length);
    }
}
