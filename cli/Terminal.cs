using System.Text;
using Pyco.Posix;

namespace Pyco.Cli;

/// <summary>
/// Writes without System.Console, which would install signal handlers and touch the terminal's modes: the program that
/// we become must find both untouched.
/// </summary>
internal static unsafe class Terminal
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    public static void Out(string text) => Write(StandardOutput, text);

    /// <summary>One line on stderr.</summary>
    public static void Error(string name, string message) => Write(StandardError, $"{name}: {message}\n");

    private static void Write(int descriptor, string text)
    {
        ReadOnlySpan<byte> octets = Encoding.UTF8.GetBytes(text);
        while (!octets.IsEmpty)
        {
            nint written;
            fixed (byte* start = octets)
                written = Libc.write(descriptor, start, (nuint)octets.Length);
            if (written <= 0)
                return; // there is nobody left to tell
            octets = octets[(int)written..];
        }
    }
}
