using System.Runtime.InteropServices;
using System.Text;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Cli;

/// <summary>
/// Writes without System.Console, which would install signal handlers and touch the terminal's modes: the program that
/// we become must find both untouched.
/// </summary>
internal static unsafe class Terminal
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>Writes on stdout.</summary>
    /// <returns>False if nobody reads it any more.</returns>
    /// <exception cref="IOException">It cannot be written: the disk is full, or there is no stdout.</exception>
    public static bool Out(string text)
    {
        if (Write(StandardOutput, text))
            return true;
        return (Errno)Marshal.GetLastPInvokeError() == Errno.EPIPE
            ? false
            : throw new IOException($"cannot write: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Rows and columns of the terminal that stdout is; null if it is none.</summary>
    public static (int Rows, int Columns)? Size()
    {
        const int getWindowSize = 0x5413; // TIOCGWINSZ
        ushort* size = stackalloc ushort[4];
        if (Libc.ioctl(StandardOutput, getWindowSize, size) != 0)
            return null;
        return (size[0] > 0 ? size[0] : 24, size[1] > 0 ? size[1] : 80);
    }

    /// <summary>One line on stderr.</summary>
    public static void Error(string name, string message) => Error($"{name}: {message}\n");

    /// <summary>Text on stderr.</summary>
    public static void Error(string text) => Write(StandardError, text);

    /// <summary>Writes all of it, or false if that is not possible.</summary>
    public static bool Write(int descriptor, string text)
    {
        ReadOnlySpan<byte> octets = Encoding.UTF8.GetBytes(text);
        while (!octets.IsEmpty)
        {
            nint written;
            fixed (byte* start = octets)
                written = Libc.write(descriptor, start, (nuint)octets.Length);
            if (written <= 0)
                return false; // there is nobody left to tell
            octets = octets[(int)written..];
        }
        return true;
    }
}
