using PacketDotNet;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>What PacketDotNet makes of the segments that the stack sends.</summary>
public class IndependentReadingTests
{
    [Test]
    public void PacketDotNet_finds_every_segment_well_formed()
    {
        Trace trace = Trace.Established("mss 1000,sackOK,TS val 5 ecr 0,wscale 7");
        trace.AppWrites(5001);
        trace.PeerSends("11:16(5) ack 1 win 500 <TS val 6 ecr 0>"); // out of order: SACK
        trace.AppFinishesSending();
        trace.At(3);
        TcpPacket[] segments = [.. trace.FramesSent.Select(Read).OfType<TcpPacket>()];

        Assert.That(segments, Has.Length.GreaterThan(8));
        Assert.That(segments.Where(segment => !segment.ValidChecksum), Is.Empty);
        Assert.That(segments.Count(segment => segment.Synchronize), Is.EqualTo(1));
        Assert.That(segments.Any(segment => segment.Finished));
        Assert.That(segments.Select(segment => segment.PayloadData?.Length ?? 0).Max(), Is.EqualTo(1000 - 12));
        // MSS, window scale, SACK-permitted and timestamp in the SYN; SACK later.
        Assert.That(Options(segments[0]), Is.SupersetOf(new[] { 2, 3, 4, 8 }));
        Assert.That(segments.Any(segment => Options(segment).Contains(5)));
    }

    private static int[] Options(TcpPacket segment) =>
        [.. segment.OptionsCollection.Select(option => (int)option.Kind)];

    private static TcpPacket? Read(byte[] frame)
    {
        Packet packet = Packet.ParsePacket(LinkLayers.Ethernet, frame);
        if (packet.Extract<IPv4Packet>() is not { } ip)
            return null; // ARP
        Assert.That(ip.ValidIPChecksum);
        Assert.That(ip.TotalLength, Is.EqualTo(frame.Length - 14));
        return ip.Extract<TcpPacket>();
    }
}
