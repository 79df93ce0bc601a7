using Pyco.Stack;

namespace Pyco.Host.Loop;

/// <summary>
/// Something that works in turns beside the descriptors: a stack host, a switch. A loop may hold thousands of them; one
/// whose sources were silent and whose deadline has not come costs a turn nothing.
/// </summary>
internal abstract class LoopTenant
{
    private TenantSchedule? _schedule;

    /// <summary>When to run next even if nothing happens, or null.</summary>
    internal Instant? NextRun { get; private set; }

    /// <summary>True if <see cref="Run"/> is due in this turn.</summary>
    internal bool IsAwake { get; private set; } = true;

    /// <summary>The earliest place that the schedule keeps for <see cref="NextRun"/>, which may have moved on since.</summary>
    internal Instant? PlaceInSchedule { get; set; }

    /// <summary>
    /// Asks for a <see cref="Run"/>: in this turn if somebody else asks, such as a neighbour with a frame; in the next one
    /// if the tenant itself does while it runs, so that the descriptors are heard between.
    /// </summary>
    public void Wake()
    {
        if (IsAwake)
            return;
        IsAwake = true;
        _schedule?.Wake(this);
    }

    /// <summary>
    /// What to do when the tenant's own code, or that of one of its sources, fails by a bug of ours: it is ended and the
    /// others go on. Null lets the exception end the loop.
    /// </summary>
    public Action<Exception>? Failed { get; set; }

    /// <summary>Does this turn's work.</summary>
    /// <returns>When to be called next even if nothing happens, or null.</returns>
    protected abstract Instant? Run(Instant now);

    internal bool IsIn(TenantSchedule schedule) => _schedule == schedule;

    internal void Enter(TenantSchedule? schedule) => _schedule = schedule;

    internal void RunNow(Instant now)
    {
        IsAwake = false;
        NextRun = Run(now);
    }
}
