using Pyco.Stack.Link;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Testing;

/// <summary>A wire that keeps copies of what was sent, or hands the frames on.</summary>
internal sealed class RecordingLink : ILink
{
    public List<byte[]> Sent { get; } = [];

    /// <summary>Takes the frames instead of recording them.</summary>
    public Action<Frame>? Forward { get; set; }

    /// <summary>Sees every recorded frame at the moment that it is sent.</summary>
    public Action<byte[]>? Observe { get; set; }

    public int Mtu { get; init; } = 1500;

    public int? QueueFrames => null;

    public bool ChecksumTrusted { get; init; }

    public int MaxSuperSegment => 0;

    public void Send(Frame frame)
    {
        if (Forward is { } forward)
        {
            forward(frame);
            return;
        }
        Sent.Add(frame.Octets.ToArray());
        Observe?.Invoke(Sent[^1]);
        frame.Dispose();
    }
}
