using System.Buffers.Binary;
using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Hosts that follow each other at one address, as programs that are started one after the other.</summary>
public class ConnectionSecretTests
{
    [Test]
    public void A_later_host_at_the_address_goes_on_with_numbers_and_timestamps([Range(1, 8)] int seed)
    {
        ConnectionSecret secret = ConnectionSecret.Create(Entropy.Seeded(99));
        (uint number, uint timestamp) = FirstSyn(secret, seed, at: 1);
        (uint laterNumber, uint laterTimestamp) = FirstSyn(secret, seed + 100, at: 1.5);
        // RFC 6191 §2: what a peer in TIME-WAIT compares, modulo 2^32
        Assert.That(unchecked(laterTimestamp - timestamp), Is.EqualTo(500));
        Assert.That(unchecked(laterNumber - number), Is.EqualTo(125_000));
    }

    [Test]
    public void Without_the_secret_they_have_nothing_in_common()
    {
        (uint number, uint timestamp) = FirstSyn(null, seed: 1, at: 1);
        (uint laterNumber, uint laterTimestamp) = FirstSyn(null, seed: 2, at: 1.5);
        Assert.That(unchecked(laterTimestamp - timestamp), Is.Not.EqualTo(500));
        Assert.That(unchecked(laterNumber - number), Is.Not.EqualTo(125_000));
    }

    private static (uint Number, uint Timestamp) FirstSyn(ConnectionSecret? secret, int seed, double at)
    {
        using TestHost host = new(seed: seed, secret: secret);
        host.Wait(at);
        host.MeetPeer();
        TcpSocket socket = host.Stack.OpenTcp();
        Assert.That(socket.Bind(TestHost.Endpoint(TestHost.Address, 5555)), Is.EqualTo(Errno.None));
        Assert.That(socket.Connect(TestHost.Endpoint(TestHost.Peer, 80), host.Now), Is.EqualTo(Errno.None));
        TcpPacket syn = host.LastSent<TcpPacket>();
        Assert.That((syn.Synchronize, syn.Acknowledgment), Is.EqualTo((true, false)));
        return (syn.SequenceNumber, Timestamp(syn.Options));
    }

    private static uint Timestamp(ReadOnlySpan<byte> options)
    {
        const byte end = 0, noOperation = 1, timestamps = 8;
        while (options.Length > 0 && options[0] != end)
        {
            if (options[0] == timestamps)
                return BinaryPrimitives.ReadUInt32BigEndian(options[2..]);
            options = options[(options[0] == noOperation ? 1 : options[1])..];
        }
        throw new AssertionException("a SYN without timestamps");
    }
}
