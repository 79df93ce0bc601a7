using System.Runtime.InteropServices;
using Pyco.Stack;

namespace Pyco.Posix;

/// <summary>
/// The kernel's generator, asked directly. .NET's goes through OpenSSL, whose libraries cost 3 ms of start-up and some
/// megabytes, and are not on every machine.
/// </summary>
internal sealed unsafe partial class KernelEntropy : Entropy
{
    /// <summary>getrandom(2) gives this many octets without being interrupted.</summary>
    private const int LargestPiece = 256;

    private KernelEntropy()
    {
    }

    public static KernelEntropy Instance { get; } = new();

    public override void Fill(Span<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            int length = Math.Min(octets.Length, LargestPiece);
            fixed (byte* start = octets)
            {
                if (getrandom(start, (nuint)length, 0) != length)
                    throw new InvalidOperationException($"getrandom: {Marshal.GetLastPInvokeErrorMessage()}");
            }
            octets = octets[length..];
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getrandom(void* octets, nuint length, uint flags);
}
