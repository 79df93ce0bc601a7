using Pyco.Stack;

namespace Pyco.Host.Loop;

/// <summary>A descriptor that an <see cref="EventLoop"/> watches, and what to do when something happens on it.</summary>
internal abstract class EventSource
{
    /// <summary>The watched descriptor; the source owns and closes it.</summary>
    public int Descriptor { get; protected set; } = -1;

    /// <summary>The tenant that was at work when the source was added, to which it belongs.</summary>
    internal LoopTenant? Tenant { get; set; }

    /// <summary>Where the loop keeps this source, or -1.</summary>
    internal int Slot { get; set; } = -1;

    /// <summary>The EPOLL* bits that the kernel was last told.</summary>
    internal uint Interest { get; set; }

    /// <summary>True while <see cref="OnIdle"/> is to be called.</summary>
    internal bool IsToCallWhenIdle { get; set; }

    /// <summary>Called with the EPOLL* bits that happened. Must not wait.</summary>
    public abstract void OnEvents(uint events, Instant now);

    /// <summary>
    /// Called before the loop sleeps, or when it has worked for long, if that was asked for (<see cref="EventLoop.CallWhenIdle"/>). Must
    /// not wait.
    /// </summary>
    public virtual void OnIdle()
    {
    }
}
