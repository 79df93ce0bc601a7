using PacketDotNet;
using Pyco.Stack.Offload;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Offload;

/// <summary>Pools that must be full again after each test, and an independent reader.</summary>
public abstract class OffloadTest
{
    private protected FramePool Frames { get; } = new();

    private protected FramePool LargeFrames { get; } = new(StackMemory.LargeFrameCapacity, 4);

    [TearDown]
    public void EveryFrameIsBack() => Assert.That(Frames.Outstanding + LargeFrames.Outstanding, Is.Zero);

    /// <summary>Splits the frame.</summary>
    private protected List<Frame> Split(Frame frame)
    {
        SegmentSplitter splitter = new(frame);
        List<Frame> parts = [];
        while (splitter.TryTake(Frames, out Frame? part))
            parts.Add(part);
        return parts;
    }

    /// <summary>Joins the frames.</summary>
    private protected List<Frame> Join(IEnumerable<Frame> frames)
    {
        Frame[] batch = [.. frames];
        int count = new SegmentJoiner(LargeFrames).Join(batch);
        return [.. batch.Take(count)];
    }

    private protected static byte[] OctetsOf(Frame frame)
    {
        using (frame)
            return frame.Octets.ToArray();
    }

    private protected static TcpPacket Read(ReadOnlySpan<byte> frame)
    {
        IPv4Packet ip = Packet.ParsePacket(LinkLayers.Ethernet, frame.ToArray()).Extract<IPv4Packet>();
        Assert.That(ip.ValidIPChecksum);
        return ip.Extract<TcpPacket>();
    }
}
