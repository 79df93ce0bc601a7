using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Offload;

/// <summary>What a stack does with checksums on a link that trusts the memory of the process.</summary>
public class TrustedChecksumTests
{
    private const int UdpChecksum = 40;

    [Test]
    public void A_datagram_leaves_without_a_checksum_and_its_frame_says_so()
    {
        using var host = new TestHost(checksumTrusted: true);
        host.MeetPeer();
        bool lacks = false;
        host.Link.Forward = frame =>
        {
            lacks = frame.LacksChecksum;
            frame.Dispose();
        };
        Send(host, 100);
        Assert.That(lacks);
    }

    [Test]
    public void A_datagram_in_fragments_has_its_checksum()
    {
        using var host = new TestHost(checksumTrusted: true);
        host.MeetPeer();
        Send(host, 3000);
        byte[] datagram = [.. host.Link.Sent.SelectMany(frame => frame[34..])];
        Assert.That(host.Link.Sent, Has.Count.EqualTo(3));
        Assert.That(datagram[6..8], Is.Not.EqualTo(new byte[2]), "no port could compute it from a fragment");
    }

    [TestCase(false, 0)]
    [TestCase(true, 1)]
    public void A_wrong_checksum_is_found_unless_the_frame_lacks_one(bool lacksChecksum, int received)
    {
        using var host = new TestHost(checksumTrusted: true);
        UdpSocket socket = host.OpenUdp();
        socket.Bind(TestHost.Endpoint("0.0.0.0", 9));
        byte[] octets = TestHost.Udp(1000, 9, [1, 2, 3]).Bytes;
        octets[UdpChecksum] ^= 1;
        Frame frame = host.Frames.Rent();
        octets.CopyTo(frame.Append(octets.Length));
        frame.LacksChecksum = lacksChecksum;
        host.Stack.Receive(frame, host.Now);
        Assert.That(host.Stack.Counters.Dropped(DropReason.BadUdpChecksum), Is.EqualTo(1 - received));
        Assert.That(socket.TryReceive(out Datagram datagram), Is.EqualTo(received == 1));
        if (received == 1)
            datagram.Dispose();
    }

    private static void Send(TestHost host, int length)
    {
        UdpSocket socket = host.OpenUdp();
        socket.Bind(TestHost.Endpoint("0.0.0.0", 9));
        socket.Send(new byte[length], TestHost.Endpoint(TestHost.Peer, 9), host.Now);
        host.Turn();
    }
}
