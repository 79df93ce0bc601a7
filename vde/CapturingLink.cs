using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde;

/// <summary>A link that also writes each frame of both directions to a capture file, in the order they passed.</summary>
public sealed class CapturingLink(IPolledLink link, CaptureFile file) : IPolledLink
{
    public int Mtu => link.Mtu;

    public int? QueueFrames => link.QueueFrames;

    // A capture shows frames as they are on a wire.
    public bool ChecksumTrusted => false;

    public int MaxSuperSegment => 0;

    public int Descriptor => link.Descriptor;

    public int ControlDescriptor => link.ControlDescriptor;

    public string? NetworkIdentity => link.NetworkIdentity;

    public bool WantsWrite => link.WantsWrite;

    public bool HasFrames => link.HasFrames;

    public void Send(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        file.Record(FrameDirection.Outbound, frame.Octets);
        link.Send(frame);
    }

    public int Receive(Span<Frame> frames)
    {
        int taken = link.Receive(frames);
        foreach (Frame frame in frames[..taken])
            file.Record(FrameDirection.Inbound, frame.Octets);
        return taken;
    }

    public void OnWritable(Instant now) => link.OnWritable(now);

    public void OnControl(Instant now) => link.OnControl(now);

    /// <summary>Ends the loop's turn for the capture too: what passed in it can be read from now on.</summary>
    public Instant? Advance(Instant now)
    {
        file.Flush();
        return link.Advance(now);
    }

    public bool TakeRestored() => link.TakeRestored();

    public void Dispose()
    {
        link.Dispose();
        file.Dispose();
    }
}
