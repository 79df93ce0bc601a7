using Pyco.Stack;

namespace Pyco.Host.Loop;

/// <summary>
/// Something that works in turns beside the descriptors: a stack host. A loop may hold many of them; one whose
/// sources were silent and whose deadline has not come costs a turn nothing but a comparison.
/// </summary>
internal abstract class LoopTenant
{
    /// <summary>When to run next even if nothing happens, or null.</summary>
    internal Instant? NextRun { get; set; }

    /// <summary>True if <see cref="Run"/> is due in this turn.</summary>
    internal bool IsAwake { get; private set; } = true;

    /// <summary>Asks for a <see cref="Run"/> in this turn, or in the next one if this turn's has begun.</summary>
    public void Wake() => IsAwake = true;

    /// <summary>Does this turn's work.</summary>
    /// <returns>When to be called next even if nothing happens, or null.</returns>
    protected abstract Instant? Run(Instant now);

    internal void RunIfDue(Instant now)
    {
        if (!IsAwake && !(NextRun is { } at && now >= at))
            return;
        IsAwake = false;
        NextRun = Run(now);
    }
}
