using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Testing;

/// <summary>Frames of the shortest length that Ethernet has.</summary>
internal static class TestFrame
{
    private const int Length = 60;

    /// <summary>A broadcast of a station, for which a number stands.</summary>
    public static Frame Broadcast(FramePool frames, byte from, int length = Length)
    {
        Frame frame = frames.Rent();
        Span<byte> octets = frame.Append(length);
        octets.Clear();
        octets[..6].Fill(0xff);
        octets[6] = 2;
        octets[11] = from;
        octets[12] = 0x88;
        octets[13] = 0xb6;
        return frame;
    }
}
