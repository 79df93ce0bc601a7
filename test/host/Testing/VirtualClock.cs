using Pyco.Stack;

namespace Pyco.Host.Tests.Testing;

/// <summary>A clock that stands still until the test moves it.</summary>
internal sealed class VirtualClock : TimeProvider
{
    // Not zero, so that nothing works only because a monotonic clock happens to start there.
    public Instant Now { get; set; } = new(TimeSpan.TicksPerHour);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;
}
