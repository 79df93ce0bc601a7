using Pyco.Stack;

namespace Pyco.Host.Loop;

/// <summary>
/// Memory in which others leave work without telling the kernel. While it is live an <see cref="EventLoop"/> looks at it in every
/// turn; before the loop sleeps it asks to be told, and then it is not live any more.
/// </summary>
internal abstract class PolledSource
{
    /// <summary>The tenant on whose behalf the loop looks.</summary>
    internal LoopTenant? Tenant { get; set; }

    /// <summary>True while the loop looks at it.</summary>
    internal bool IsLive { get; set; }

    /// <summary>True if there is work.</summary>
    public abstract bool IsReady { get; }

    /// <summary>Asks whoever leaves work next to wake the loop by a descriptor that it watches.</summary>
    /// <returns>False if there is work already.</returns>
    public abstract bool TryArm();

    /// <summary>Does the work, or a fair share of it.</summary>
    public abstract void OnReady(Instant now);
}
