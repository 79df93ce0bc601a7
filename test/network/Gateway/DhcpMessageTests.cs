using System.Buffers.Binary;
using Pyco.Network.Gateway.Dhcp;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Gateway;

internal sealed class DhcpMessageTests
{
    [Test]
    public void What_udhcpc_sends_is_read()
    {
        byte[] octets = Request(
            [53, 1, 3, 61, 7, 1, 2, 0, 0, 0, 0, 9, 50, 4, 10, 0, 0, 5, 54, 4, 10, 0, 0, 1, 0, 12, 3, (byte)'b', (byte)'o', 7, 255, 53, 1, 1]);
        Assert.That(DhcpMessage.TryParse(octets, out DhcpMessage? message), Is.True);
        Assert.That(message!.Type, Is.EqualTo(DhcpMessageType.Request));
        Assert.That(message.HardwareAddress, Is.EqualTo(new byte[] { 2, 0, 0, 0, 0, 9 }));
        Assert.That(message.ClientIdentifier, Is.EqualTo(new byte[] { 1, 2, 0, 0, 0, 0, 9 }));
        Assert.That((message.RequestedAddress, message.ServerAddress), Is.EqualTo(((IpAddress?)IpAddress.Parse("10.0.0.5"), (IpAddress?)IpAddress.Parse("10.0.0.1"))));
        Assert.That(message.HostName, Is.EqualTo("bo?"), "nothing that could upset a terminal");
        Assert.That(message.ClientAddress.IsAny, Is.True);
    }

    [Test]
    public void What_is_no_clients_message_is_refused()
    {
        Assert.That(IsMessage(Request([])), Is.False, "no type");
        Assert.That(IsMessage(Request([53, 1, 9])), Is.False, "no such type");
        Assert.That(IsMessage(Request([53, 2, 1, 1])), Is.False, "a type of two octets");
        Assert.That(IsMessage(Request([53, 1])), Is.False, "cut short");
        Assert.That(IsMessage(Request([53, 1, 1])[..239]), Is.False, "too short");
        byte[] reply = Request([53, 1, 1]);
        reply[0] = 2;
        Assert.That(IsMessage(reply), Is.False, "a server's");
        byte[] longAddress = Request([53, 1, 1]);
        longAddress[2] = 17;
        Assert.That(IsMessage(longAddress), Is.False, "a hardware address that is too long");
    }

    [Test]
    public void Whatever_comes_the_server_stands_it()
    {
        int seed = TestContext.CurrentContext.Random.Next();
        Random random = new(seed);
        DhcpServer server = new(new DhcpSettings(IpAddress.Parse("10.0.0.1"), IpPrefix.Parse("10.0.0.0/24"), 1500), new EndlessPool(), _ => { });
        int answers = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] octets = Request([53, 1, (byte)random.Next(1, 9), .. Enumerable.Range(0, random.Next(60)).Select(_ => (byte)random.Next(256))]);
            for (int change = random.Next(4); change > 0; change--)
                octets[random.Next(octets.Length)] = (byte)random.Next(256);
            octets = octets[..random.Next(200, octets.Length + 1)];
            if (DhcpMessage.TryParse(octets, out DhcpMessage? message) &&
                server.Receive(message, new Instant(round * TimeSpan.TicksPerSecond)) is { } reply)
            {
                answers++;
                Assert.That(reply.Write(server.Settings, null), Has.Length.GreaterThanOrEqualTo(300), $"seed {seed}");
            }
        }
        Assert.That(answers, Is.GreaterThan(100), $"seed {seed}");
        Assert.That(server.CountLeases(default), Is.LessThanOrEqualTo(LeaseTable.Capacity));
    }

    private static bool IsMessage(byte[] octets) => DhcpMessage.TryParse(octets, out _);

    private static byte[] Request(byte[] options)
    {
        byte[] octets = new byte[DhcpMessage.FixedLength + options.Length];
        (octets[0], octets[1], octets[2]) = (DhcpMessage.BootRequest, 1, 6);
        new byte[] { 2, 0, 0, 0, 0, 9 }.CopyTo(octets, 28);
        BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan(236), DhcpMessage.MagicCookie);
        options.CopyTo(octets, DhcpMessage.FixedLength);
        return octets;
    }

    private sealed class EndlessPool : IAddressPool
    {
        private uint _next = 0x0a000002;

        public IpAddress? Choose() => IpAddress.FromV4(_next++);

        public bool MayGive(IpAddress address) => address.V4 >> 8 == 0x0a0000;

        public void NoteTaken(IpAddress address)
        {
        }
    }
}
