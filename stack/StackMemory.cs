using Pyco.Stack.Wire;

namespace Pyco.Stack;

/// <summary>
/// The buffers of a stack. All stacks of one event loop may share them, so that a thousand stacks need no more than what
/// is in use at a time. Not thread-safe.
/// </summary>
public sealed class StackMemory
{
    /// <summary>Ethernet's header with two VLAN tags, which stands behind the headroom in a frame that came from a wire.</summary>
    private const int LongestLinkHeader = 22;

    private const int CacheLine = 64;

    /// <summary>Octets of a frame for the largest IP packet, with its Ethernet header: of whole cache lines.</summary>
    public const int LargeFrameCapacity =
        (FramePool.DefaultHeadroom + LongestLinkHeader + IPv4Header.MaxPacketLength + CacheLine - 1) / CacheLine * CacheLine;

    private const int LargeFramesPerSlab = 4;

    private const int SmallFrameCapacity = 2048;

    /// <param name="frames">Frames for packets of the link's MTU.</param>
    public StackMemory(FramePool frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        Frames = frames;
        SmallFrames = frames.FrameCapacity <= SmallFrameCapacity ? frames : new FramePool(SmallFrameCapacity);
    }

    /// <summary>Frames for packets of the link's MTU.</summary>
    public FramePool Frames { get; }

    /// <summary>Frames for small packets that wait for a program; the same as <see cref="Frames"/> where those are small.</summary>
    public FramePool SmallFrames { get; }

    /// <summary>Frames for packets that come or go in fragments, and for super-segments.</summary>
    public FramePool LargeFrames { get; } = new(LargeFrameCapacity, LargeFramesPerSlab);

    /// <summary>What the streams of TCP are kept in.</summary>
    internal ChunkPool Chunks { get; } = new();
}
