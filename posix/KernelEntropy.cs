using System.Runtime.InteropServices;
using Pyco.Stack;

namespace Pyco.Posix;

/// <summary>
/// The kernel's generator, asked directly. .NET's goes through OpenSSL, whose libraries cost 3 ms of start-up and some
/// megabytes, and are not on every machine. Small draws are served from what one call has given. Not thread-safe.
/// </summary>
internal sealed unsafe partial class KernelEntropy : Entropy
{
    /// <summary>getrandom(2) gives this many octets without being interrupted.</summary>
    private const int LargestPiece = 256;

    private KernelEntropy()
    {
    }

    public static KernelEntropy Instance { get; } = new();

    private readonly byte[] _stock = new byte[LargestPiece];
    private int _left;

    public override void Fill(Span<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            if (_left == 0)
                Refill();
            int length = Math.Min(octets.Length, _left);
            Span<byte> taken = _stock.AsSpan(_left - length, length);
            taken.CopyTo(octets);
            taken.Clear(); // nobody shall find in memory what has been given out
            _left -= length;
            octets = octets[length..];
        }
    }

    private void Refill()
    {
        fixed (byte* start = _stock)
        {
            if (getrandom(start, LargestPiece, 0) != LargestPiece)
                throw new InvalidOperationException($"getrandom: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        _left = LargestPiece;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getrandom(void* octets, nuint length, uint flags);
}
