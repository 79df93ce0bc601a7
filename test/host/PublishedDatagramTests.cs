using Pyco.Host.Bridge;
using Pyco.Host.Protocol;
using Pyco.Host.Publishing;
using Pyco.Host.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

/// <summary>A UDP port of the machine leads to a program, and each answer finds its way back.</summary>
internal sealed class PublishedDatagramTests : PublishTest
{
    [Test]
    public void Two_peers_get_each_their_own_answers()
    {
        TestSocket server = Left.BindDatagram(53);
        ushort port = Publish(53, isUdp: true).Outside.Port;
        OutsideClient first = Hold(OutsideClient.ConnectDatagram(port));
        OutsideClient second = Hold(OutsideClient.ConnectDatagram(port));

        first.Send("from the first");
        (string heard, IpEndpoint peerOne) = Hear(server);
        Assert.That((heard, peerOne.Address), Is.EqualTo(("from the first", Left.Endpoint(53).Address)));
        second.Send("from the second");
        (heard, IpEndpoint peerTwo) = Hear(server);
        Assert.That(heard, Is.EqualTo("from the second"));
        server.SendTo(peerTwo, Text("to the second"));
        server.SendTo(peerOne, Text("to the first"));

        Assert.That((ReadText(first), ReadText(second)), Is.EqualTo(("to the first", "to the second")));
        Assert.That((Datagrams.Open, Datagrams.Received, Datagrams.Sent, Datagrams.Dropped), Is.EqualTo((2, 2, 2, 0)));
    }

    [Test]
    public void One_peer_keeps_its_flow_and_the_boundaries_of_its_datagrams()
    {
        TestSocket server = Left.BindDatagram(53);
        OutsideClient client = Hold(OutsideClient.ConnectDatagram(Publish(53, isUdp: true).Outside.Port));

        client.Send("");
        client.Send("one");
        client.Send(new byte[60_000]);

        (string empty, IpEndpoint peer) = Hear(server);
        (string one, IpEndpoint same) = Hear(server);
        Assert.That((empty, one, same), Is.EqualTo(("", "one", peer)));
        Assert.That(Hear(server).Text, Has.Length.EqualTo(60_000));
    }

    [Test]
    public void A_flow_ends_when_it_has_been_idle_and_not_before()
    {
        TestSocket server = Left.BindDatagram(53);
        OutsideClient client = Hold(OutsideClient.ConnectDatagram(Publish(53, isUdp: true).Outside.Port));
        client.Send("first");
        IpEndpoint peer = Hear(server).Peer;
        Network.Wait(PublishedDatagrams.IdleLimit - TimeSpan.FromSeconds(1));
        server.SendTo(peer, Text("an answer counts too"));
        Network.Wait(PublishedDatagrams.IdleLimit - TimeSpan.FromSeconds(1));
        Assert.That((Datagrams.Open, Datagrams.Expired), Is.EqualTo((1, 0)));

        Network.Wait(TimeSpan.FromSeconds(1.1));

        Assert.That((Datagrams.Open, Datagrams.Expired), Is.EqualTo((0, 1)));
        client.Send("again");
        Assert.That(Hear(server).Text, Is.EqualTo("again"), "the next datagram begins a new one");
        Assert.That(Datagrams.Opened, Is.EqualTo(2));
    }

    [Test]
    public void The_longest_idle_flow_makes_room_when_there_are_too_many()
    {
        Left.BindDatagram(53);
        ushort port = Publish(53, isUdp: true).Outside.Port;
        for (int number = 0; number < PublishedDatagrams.MostFlows + 1; number++)
        {
            Hold(OutsideClient.ConnectDatagram(port)).Send("x");
            Network.Settle();
        }

        Until(() => Datagrams.Opened == PublishedDatagrams.MostFlows + 1, "all flows");

        Assert.That((Datagrams.Open, Datagrams.Displaced), Is.EqualTo((PublishedDatagrams.MostFlows, 1)));
    }

    [Test]
    public void A_program_that_binds_late_hears_what_comes_then()
    {
        OutsideClient client = Hold(OutsideClient.ConnectDatagram(Publish(53, isUdp: true).Outside.Port));
        client.Send("to nobody");
        Until(() => Datagrams.Received == 1, "the datagram");

        TestSocket server = Left.BindDatagram(53);
        client.Send("to somebody");

        Assert.That(Hear(server).Text, Is.EqualTo("to somebody"));
    }

    [Test]
    public void An_answer_comes_from_the_address_that_was_asked()
    {
        TestSocket server = Left.BindDatagram(53);
        ushort port = Publish(53, isUdp: true, address: "0.0.0.0").Outside.Port;
        // A connected socket hears nobody else.
        OutsideClient client = Hold(OutsideClient.ConnectDatagram(port, "127.9.9.9"));
        client.Send("question");

        server.SendTo(Hear(server).Peer, Text("answer"));

        Assert.That(ReadText(client), Is.EqualTo("answer"));
    }

    private PublishedDatagrams Datagrams => (PublishedDatagrams)Left.Host.Publisher.Publications[0];

    private (string Text, IpEndpoint Peer) Hear(TestSocket server)
    {
        byte[]? payload = null;
        DatagramHeader? header = null;
        Until(() => (payload = server.ReceiveDatagram(out header)) is not null, "a datagram");
        Assert.That(WireAddresses.TryRead(header!.Value.Peer, out IpEndpoint peer), Is.True);
        return (System.Text.Encoding.ASCII.GetString(payload!), peer);
    }
}
