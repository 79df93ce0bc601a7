using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde;

/// <summary>A plug in the making: asks a switch for a port and does not wait for the answer.</summary>
/// <param name="locator">Where the switch is.</param>
/// <param name="description">What the switch's management shows for the port, at most 128 octets.</param>
/// <param name="frames">Where received frames are rented.</param>
/// <param name="log">Gets a line for the user when the switch goes and when it is back.</param>
/// <param name="now">When the switch's five seconds to answer begin.</param>
public sealed class PlugOpening(VnlLocator locator, string description, FramePool frames, Action<string> log, Instant now) : IDisposable
{
    private readonly SwitchHandshake _handshake = new(locator, description, now);

    /// <summary>What is readable when the switch has answered; -1 before it was asked.</summary>
    public int Descriptor => _handshake.Control;

    /// <summary>When to call <see cref="Continue"/> even if nothing is readable.</summary>
    public Instant NextTry => _handshake.NextTry;

    /// <summary>Goes as far as it can without waiting.</summary>
    /// <returns>The plug when the switch has given a port, else null.</returns>
    /// <exception cref="VdeException">There is no port for us; the message says what to do.</exception>
    public VdePlug? Continue(Instant now) => _handshake.Continue(now) ? new VdePlug(locator, description, frames, log, _handshake) : null;

    public void Dispose() => _handshake.Dispose();
}
