using Pyco.Stack;
using Pyco.Stack.Link;
using Pyco.Stack.Wire;

namespace Pyco.Vde;

/// <summary>
/// A link whose frames come from kernel descriptors. It never waits: an event loop watches the descriptors and calls.
/// The descriptors may change with every call (a link that reconnects has new ones); the loop looks after each call.
/// </summary>
public interface IPolledLink : ILink, IDisposable
{
    /// <summary>The descriptor on which frames arrive, or -1 while the link is away.</summary>
    int Descriptor { get; }

    /// <summary>A second descriptor to watch, such as VDE's control connection, or -1.</summary>
    int ControlDescriptor { get; }

    /// <summary>
    /// A text that is the same for all links of this machine into the same network, whatever path they took to it; null
    /// if there is none. A link that reconnects may be in another network than before.
    /// </summary>
    string? NetworkIdentity => null;

    /// <summary>True while frames wait until <see cref="Descriptor"/> is writable.</summary>
    bool WantsWrite { get; }

    /// <summary>True if frames wait here although the descriptor does not tell of them.</summary>
    bool HasFrames => false;

    /// <summary>Takes frames that have arrived; the caller owns them.</summary>
    /// <returns>How many were taken; fewer than asked for means that no more wait.</returns>
    int Receive(Span<Frame> frames);

    /// <summary><see cref="Descriptor"/> is writable while <see cref="WantsWrite"/> was set.</summary>
    void OnWritable(Instant now);

    /// <summary><see cref="ControlDescriptor"/> is readable, hung up or in error; likewise <see cref="Descriptor"/> in error.</summary>
    void OnControl(Instant now);

    /// <summary>Does what is due, such as connecting again.</summary>
    /// <returns>When to call next even if nothing happens, or null.</returns>
    Instant? Advance(Instant now);

    /// <summary>True once after the link came back: the addresses must be announced again.</summary>
    bool TakeRestored();
}
