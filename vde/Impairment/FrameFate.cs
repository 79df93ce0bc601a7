namespace Pyco.Vde.Impairment;

/// <summary>What chance has decided for one frame when it went in.</summary>
/// <param name="IsLost">It goes no further.</param>
/// <param name="IsDuplicated">It is followed by a copy.</param>
/// <param name="IsReordered">It skips the delay.</param>
/// <param name="IsCorrupted">One of its bits is flipped.</param>
/// <param name="CorruptDraw">Which bit, as a share of 2^64.</param>
/// <param name="JitterDraw">Where in the range of the jitter its delay is, as a share of 2^64.</param>
internal readonly record struct FrameFate(
    bool IsLost, bool IsDuplicated, bool IsReordered, bool IsCorrupted, ulong CorruptDraw, ulong JitterDraw)
{
    /// <summary>The middle of the range: no jitter.</summary>
    private const ulong Middle = 1UL << 63;

    public static FrameFate Undisturbed { get; } = new(false, false, false, false, 0, Middle);
}
