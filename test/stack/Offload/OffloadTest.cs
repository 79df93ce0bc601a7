using PacketDotNet;
using Pyco.Stack.Offload;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Offload;

/// <summary>Pools that must be full again after each test, and an independent reader.</summary>
public abstract class OffloadTest
{
    private protected FramePool Frames { get; } = new();

    private protected FramePool LargeFrames { get; } = new(StackMemory.LargeFrameCapacity, 4);

    private protected ChunkPool Chunks { get; } = new();

    [TearDown]
    public void EverythingIsBack() =>
        Assert.That(Frames.Outstanding + LargeFrames.Outstanding + Chunks.Outstanding, Is.Zero);

    /// <summary>The same frame with its last octets by reference, in pieces of odd lengths.</summary>
    private protected Frame Attach(Frame frame, int ownOctets)
    {
        using Frame whole = frame;
        Frame head = Frames.Rent();
        whole.Octets[..ownOctets].CopyTo(head.Append(ownOctets));
        for (int start = ownOctets; start < whole.Length;)
        {
            int length = Math.Min(13_001, whole.Length - start);
            Chunk chunk = Chunks.Rent();
            whole.Octets.Slice(start, length).CopyTo(chunk.Octets[3..]);
            head.Attach(new ChunkPiece(chunk, 3, length));
            chunk.Release();
            start += length;
        }
        (head.SegmentSize, head.LacksChecksum) = (whole.SegmentSize, whole.LacksChecksum);
        return head;
    }

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
