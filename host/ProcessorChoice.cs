using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>
/// Leaves one processor to the switch, while much goes through it: the calling thread keeps off the first of those that it may run on.
/// </summary>
/// <remarks>
/// A stock switch sends each frame by itself, and that wakes the receiving host. Where no processor is idle, the kernel runs
/// the woken thread at once on the processor of who has woken it: the switch, for which all wait, stands still for one that
/// waits for it. When all hosts keep off the same processor, it is idle, and the kernel puts the switch there. To look where the
/// switch runs and keep off that does no good: switch and hosts move in turn.
/// </remarks>
internal sealed unsafe class ProcessorChoice
{
    /// <summary>How often to choose.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);

    /// <summary>Much, in octets of one period: 400 Mbit/s, a tenth of what a stock switch carries.</summary>
    public const long MuchOctets = 1_000_000;

    /// <summary>Room for 1,024 processors, glibc's CPU_SETSIZE; the kernel wants room for all that there may be.</summary>
    private const int MaskLength = 128;

    private readonly byte[] _allowed = new byte[MaskLength];
    private readonly byte[] _chosen = new byte[MaskLength];
    private bool _leavesOne;
    private Instant _periodStart;
    private long _octetsBefore;

    /// <summary>Looks at what has passed, and chooses.</summary>
    /// <param name="octetsSoFar">Counts octets sent and received; asked once a period.</param>
    /// <param name="now">The moment.</param>
    /// <returns>When to call again even if nothing happens, or null.</returns>
    public Instant? Advance(Func<long> octetsSoFar, Instant now)
    {
        TimeSpan passed = now - _periodStart;
        if (passed >= Period)
        {
            long octets = octetsSoFar();
            bool isMuch = (octets - _octetsBefore) * Period.Ticks >= MuchOctets * passed.Ticks;
            if (isMuch && !_leavesOne)
                _leavesOne = TryLeaveOne();
            else if (!isMuch && _leavesOne)
                TakeBack();
            _periodStart = now;
            _octetsBefore = octets;
        }
        return _leavesOne ? _periodStart + Period : null;
    }

    private bool TryLeaveOne()
    {
        if (!TryGet(_allowed))
            return false;
        _allowed.CopyTo(_chosen, 0);
        int first = _chosen.AsSpan().IndexOfAnyExcept((byte)0); // little-endian words, as all machines that we are built for
        _chosen[first] &= (byte)(_chosen[first] - 1);
        return _chosen.AsSpan().ContainsAnyExcept((byte)0) && TrySet(_chosen);
    }

    private void TakeBack()
    {
        _leavesOne = false;
        Span<byte> current = stackalloc byte[MaskLength];
        if (TryGet(current) && current.SequenceEqual(_chosen)) // else somebody has set it meanwhile, and knows why
            _ = TrySet(_allowed);
    }

    private static bool TryGet(Span<byte> mask)
    {
        fixed (byte* start = mask)
            return Libc.sched_getaffinity(0, MaskLength, start) == 0;
    }

    private static bool TrySet(ReadOnlySpan<byte> mask)
    {
        fixed (byte* start = mask)
            return Libc.sched_setaffinity(0, MaskLength, start) == 0;
    }
}
