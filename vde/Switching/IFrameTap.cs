using Pyco.Stack.Wire;

namespace Pyco.Vde.Switching;

/// <summary>Sees what passes a switch, such as a capture.</summary>
public interface IFrameTap
{
    /// <summary>Whether it is to be shown what comes in at a port, or leaves by it; what nobody wants costs nothing.</summary>
    bool Wants(SwitchPort port, FrameDirection direction);

    /// <summary>Lends a frame that came in at a port (Inbound) or leaves by it (Outbound).</summary>
    void Record(SwitchPort port, FrameDirection direction, Frame frame);
}
