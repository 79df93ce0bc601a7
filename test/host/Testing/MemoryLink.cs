using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Host.Tests.Testing;

/// <summary>One end of a wire between two stacks in this process. It has no descriptor: what arrives wakes the owner.</summary>
internal sealed class MemoryLink(FramePool frames) : IPolledLink
{
    private readonly Queue<Frame> _arrived = new();

    /// <summary>The other end; null loses what is sent.</summary>
    public MemoryLink? Peer { get; set; }

    /// <summary>Called when a frame has arrived.</summary>
    public Action Wake { get; set; } = () => { };

    /// <summary>A wire that is cut loses what is sent into this end.</summary>
    public bool IsCut { get; set; }

    /// <summary>Loses IPv4 only: the neighbours still find each other, as behind a firewall that drops.</summary>
    public bool LosesIPv4 { get; set; }

    public int Mtu => 1500;

    public int? QueueFrames => null;

    public bool ChecksumTrusted => false;

    public int MaxSuperSegment => 0;

    public int Descriptor => -1;

    public int ControlDescriptor => -1;

    public bool WantsWrite => false;

    public bool HasFrames => _arrived.Count > 0;

    public void Send(Frame frame)
    {
        bool isIPv4 = frame.Octets[12..14].SequenceEqual<byte>([0x08, 0x00]);
        if (!IsCut && !(isIPv4 && LosesIPv4))
            Peer?.Take(frame.Octets);
        frame.Dispose();
    }

    public int Receive(Span<Frame> taken)
    {
        int count = 0;
        while (count < taken.Length && _arrived.TryDequeue(out Frame? frame))
            taken[count++] = frame;
        return count;
    }

    public void OnWritable(Instant now)
    {
    }

    public void OnControl(Instant now)
    {
    }

    public Instant? Advance(Instant now) => null;

    public bool TakeRestored() => false;

    public void Dispose()
    {
        while (_arrived.TryDequeue(out Frame? frame))
            frame.Dispose();
    }

    /// <summary>Copies, so that each stack's pool shows its own leaks.</summary>
    private void Take(ReadOnlySpan<byte> octets)
    {
        Frame frame = frames.Rent();
        octets.CopyTo(frame.Append(octets.Length));
        _arrived.Enqueue(frame);
        Wake();
    }
}
