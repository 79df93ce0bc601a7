using System.Runtime.CompilerServices;

namespace Pyco.Stack;

/// <summary>
/// A moment on the host's monotonic clock, in ticks of 100 ns since an arbitrary start. The stack never reads a clock:
/// its owner passes the moment in with every call.
/// </summary>
public readonly record struct Instant(long Ticks) : IComparable<Instant>
{
    public static Instant operator +(Instant start, TimeSpan delay) => new(start.Ticks + delay.Ticks);

    public static Instant operator -(Instant end, TimeSpan delay) => new(end.Ticks - delay.Ticks);

    public static TimeSpan operator -(Instant end, Instant start) => new(end.Ticks - start.Ticks);

    public static bool operator <(Instant left, Instant right) => left.Ticks < right.Ticks;

    public static bool operator >(Instant left, Instant right) => left.Ticks > right.Ticks;

    public static bool operator <=(Instant left, Instant right) => left.Ticks <= right.Ticks;

    public static bool operator >=(Instant left, Instant right) => left.Ticks >= right.Ticks;

    /// <summary>The earlier of two moments, where null means never.</summary>
    /// <remarks>
    /// Inlined, because it is called for every layer in every turn: as calls it was 0.09 µs of the 2.85 for a small message and its
    /// answer.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Instant? Earlier(Instant? left, Instant? right) =>
        left is not { } a ? right : right is not { } b ? left : a <= b ? a : b;

    public int CompareTo(Instant other) => Ticks.CompareTo(other.Ticks);

    public override string ToString() => TimeSpan.FromTicks(Ticks).TotalSeconds.ToString("0.000000", null);
}
