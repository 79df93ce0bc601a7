namespace Pyco.Stack;

/// <summary>
/// Whole multiples and parts of a time, parts rounded towards zero. TimeSpan's own operators go through floating point, which
/// for a small message and its answer came to 0.15 of 3 µs.
/// </summary>
internal static class WholeTimes
{
    public static TimeSpan Times(this TimeSpan time, long factor) => new(time.Ticks * factor);

    public static TimeSpan Over(this TimeSpan time, long divisor) => new(time.Ticks / divisor);
}
