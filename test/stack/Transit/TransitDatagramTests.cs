using Pyco.Stack.Sockets;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transit;

internal sealed class TransitDatagramTests : TransitTest
{
    [Test]
    public void A_datagram_comes_with_both_its_ends_and_the_answer_seems_to_come_from_there()
    {
        UdpSocket asking = SendFromHost(Outside, "question"u8);
        Assert.That(Transit.TryTakeDatagram(out Datagram datagram), Is.True);
        using (datagram)
        {
            Assert.That(datagram.Frame.Octets.ToArray(), Is.EqualTo("question"u8.ToArray()));
            Assert.That((datagram.Source, datagram.Destination), Is.EqualTo((asking.Local, Outside)));
        }
        Assert.That(Transit.SendDatagram("answer"u8, Outside, asking.Local, Now), Is.EqualTo(Errno.None));
        Settle();
        Assert.That(asking.TryReceive(out Datagram answer), Is.True);
        using (answer)
            Assert.That(answer.Frame.Octets.ToArray(), Is.EqualTo("answer"u8.ToArray()));
    }

    [Test]
    public void Large_ones_travel_in_fragments()
    {
        byte[] large = new byte[60_000];
        Random.Shared.NextBytes(large);
        UdpSocket asking = SendFromHost(Outside, large);
        Assert.That(Transit.TryTakeDatagram(out Datagram datagram), Is.True);
        using (datagram)
        {
            Assert.That(datagram.Frame.Octets.SequenceEqual(large), Is.True);
            Transit.SendDatagram(datagram.Frame.Octets, Outside, asking.Local, Now);
        }
        Settle();
        Assert.That(asking.TryReceive(out Datagram answer), Is.True);
        using (answer)
            Assert.That(answer.Frame.Octets.SequenceEqual(large), Is.True);
    }

    [TestCase(UnreachableReason.Port, Errno.ECONNREFUSED)]
    [TestCase(UnreachableReason.Prohibited, Errno.EHOSTUNREACH)]
    public void Refused_it_shows_as_an_error_on_the_hosts_socket(UnreachableReason reason, Errno expected)
    {
        UdpSocket asking = SendFromHost(Outside, "question"u8);
        Transit.TryTakeDatagram(out Datagram datagram);
        datagram.Dispose();
        Assert.That(Transit.Refuse(asking.Local, Outside, payloadOctets: 8, reason, Now), Is.True);
        Settle();
        Assert.That(asking.TakeError(), Is.EqualTo(expected));
    }

    [Test]
    public void An_answer_to_nobody_on_the_subnet_goes_nowhere()
    {
        Assert.That(
            Transit.SendDatagram("x"u8, Outside, new IpEndpoint(IpAddress.Parse("198.51.100.1"), 9), Now),
            Is.EqualTo(Errno.ENETUNREACH));
        Assert.That(
            Transit.SendDatagram("x"u8, Outside, new IpEndpoint(IpAddress.Parse("10.0.0.255"), 9), Now),
            Is.EqualTo(Errno.ENETUNREACH));
    }

    [TestCase("127.0.0.1", TestName = "Nothing_is_taken_for_loopback")]
    [TestCase("0.0.0.9", TestName = "Nothing_is_taken_for_this_network")]
    [TestCase("224.0.0.9", TestName = "Nothing_is_taken_for_a_group")]
    [TestCase("10.0.0.77", TestName = "Nothing_is_taken_for_somebody_on_the_subnet")]
    public void Nothing_is_taken_for(string destination)
    {
        HearAtRouter(IpProtocol.Udp, [0, 9, 0, 9, 0, 9, 0, 0, 1], "10.0.0.2", destination);
        Assert.That(Transit.TryTakeDatagram(out _), Is.False);
    }

    [Test]
    public void Nothing_is_taken_from_somebody_who_is_not_on_the_subnet()
    {
        HearAtRouter(IpProtocol.Udp, [0, 9, 0, 9, 0, 9, 0, 0, 1], "198.51.100.1", "192.0.2.7");
        Assert.That(Transit.TryTakeDatagram(out _), Is.False);
        Assert.That(Router.Counters.Dropped(DropReason.MartianSource), Is.EqualTo(1));
    }

    [Test]
    public void Who_has_no_address_yet_is_heard_when_it_asks_all()
    {
        UdpSocket server = Router.OpenUdp();
        server.Bind(new IpEndpoint(IpAddress.AnyV4, 67));
        HearAtRouter(IpProtocol.Udp, [0, 68, 0, 67, 0, 9, 0, 0, 1], "0.0.0.0", "255.255.255.255");
        Assert.That(server.TryReceive(out Datagram asked), Is.True);
        asked.Dispose();
        HearAtRouter(IpProtocol.Udp, [0, 68, 0, 67, 0, 9, 0, 0, 1], "0.0.0.0", "10.0.0.1");
        Assert.That(server.TryReceive(out _), Is.False, "but not when it asks one");
    }

    [Test]
    public void An_echo_request_waits_for_the_owners_reply()
    {
        MeetHost();
        HearAtRouter(IpProtocol.Icmp, EchoRequest(), "10.0.0.2", "192.0.2.7");
        Assert.That(Transit.TryTakeEcho(out TransitEcho echo), Is.True);
        using (echo)
        {
            Assert.That((echo.Identifier, echo.Destination), Is.EqualTo(((ushort)0x1234, Outside.Address)));
            long before = Host.Counters.FramesReceived;
            Transit.SendEchoReply(echo.Frame.Octets, echo.Destination, echo.Source, Now);
            Assert.That(Transit.Refuse(echo, UnreachableReason.Host, Now), Is.True);
            Settle();
            Assert.That(Host.Counters.FramesReceived - before, Is.EqualTo(2));
        }
        HearAtRouter(IpProtocol.Icmp, EchoRequest(), "10.0.0.2", "10.0.0.1");
        Assert.That(Transit.TryTakeEcho(out _), Is.False, "the router answers for itself");
    }

    /// <summary>The router learns the host's MAC address.</summary>
    private void MeetHost()
    {
        SendFromHost(Outside, "hello"u8);
        Transit.TryTakeDatagram(out Datagram datagram);
        datagram.Dispose();
        Transit.SendDatagram("hello"u8, Outside, new IpEndpoint(IpAddress.Parse("10.0.0.2"), 9), Now);
        Settle();
    }

    private static byte[] EchoRequest()
    {
        byte[] message = [0, 0, 0, 0, 0x12, 0x34, 0, 1, 42];
        IcmpHeader.Write(message, IcmpType.EchoRequest, 0);
        return message;
    }
}
