using System.Text;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Tests;

/// <summary>Ethernet frames with a text in them.</summary>
internal static class TestFrames
{
    private const int HeaderLength = 14;

    public static Frame Broadcast(FramePool frames, string payload)
    {
        Frame frame = frames.Rent();
        Span<byte> header = frame.Append(HeaderLength);
        MacAddress.Broadcast.CopyTo(header);
        new MacAddress([2, 0, 0, 0, 0, 1]).CopyTo(header[6..]);
        // IEEE 802 reserves this EtherType for local experiments.
        header[12] = 0x88;
        header[13] = 0xb5;
        _ = Encoding.ASCII.GetBytes(payload, frame.Append(payload.Length));
        return frame;
    }

    public static string Payload(Frame frame) => Payload(frame.Octets);

    public static string Payload(ReadOnlySpan<byte> octets) => Encoding.ASCII.GetString(octets[HeaderLength..]);
}
