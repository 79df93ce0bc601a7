using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>A host that is out of descriptors goes on, refuses or delays what needs one, and recovers.</summary>
internal sealed class DescriptorShortageTests : HostTest
{
    private TestSocket _client = null!;
    private TestSocket _server = null!;

    [SetUp]
    public void OpenConnection() => (_client, _server) = Connect(80);

    [Test]
    public void A_request_is_answered_with_the_last_descriptors()
    {
        TestSocket bound = Left.Listen(8080);
        RawClient client = Left.Dial();
        Reply? reply;
        using (new DescriptorLimit())
            reply = client.Ask(Left.NewRequest(Operation.GetLocalAddress), bound.Descriptor);

        Assert.That(reply?.Address.Port, Is.EqualTo(8080));
    }

    [Test]
    public void Many_requests_are_answered_one_after_the_other()
    {
        RawClient[] clients = [.. Enumerable.Range(0, 200).Select(_ => Left.Dial())];
        foreach (RawClient client in clients)
            client.Post(Left.NewRequest(Operation.GetInterface));

        using (new DescriptorLimit())
            Network.Settle();

        Assert.That(clients.Count(client => client.TakeReply() is not null), Is.EqualTo(clients.Length));
    }

    [Test]
    public void A_request_may_come_a_moment_after_its_connection()
    {
        TestSocket bound = Left.Listen(8080);
        RawClient client = Left.Dial();
        RawClient next = Left.Dial();
        Reply? reply;
        Reply? second;
        using (new DescriptorLimit())
        {
            Network.Settle();
            reply = client.Ask(Left.NewRequest(Operation.GetLocalAddress), bound.Descriptor);
            second = next.Ask(Left.NewRequest(Operation.GetLocalAddress), bound.Descriptor);
        }

        Assert.That((reply?.Address.Port, second?.Address.Port), Is.EqualTo((8080, 8080)));
    }

    [Test]
    public void A_connect_fails_with_an_error_that_says_why()
    {
        TestSocket late = Left.OpenStream();
        using (new DescriptorLimit())
            late.Connect(Right.Endpoint(80));

        Assert.That(late.TakeError(), Is.EqualTo(Errno.ENOBUFS));
    }

    [Test]
    public void A_silent_connection_is_not_kept_with_the_last_descriptors()
    {
        RawClient silent;
        using (DescriptorLimit limit = new())
        {
            limit.Release(1);
            silent = Left.Dial();
            Network.Settle();
            Assert.That(silent.IsClosedByHost(), Is.False, "its request may be on the way");
            Network.Wait(TimeSpan.FromSeconds(0.2));
        }

        Assert.That(silent.IsClosedByHost(), Is.True);
    }

    [Test]
    public void An_accepted_connection_waits_for_a_descriptor_and_loses_nothing()
    {
        TestSocket listener = Right.Listen(8080);
        TestSocket client = Left.OpenStream();
        Left.Link.IsCut = true;
        client.Connect(Right.Endpoint(8080));
        using (new DescriptorLimit())
        {
            Left.Link.IsCut = false;
            Network.RunUntil(() => Right.Bridge.HandOvers.WaitingListeners > 0, TimeSpan.FromSeconds(30));
            client.Send(Text("early"));
            Network.Wait(TimeSpan.FromSeconds(10));
        }
        Network.Wait(TimeSpan.FromSeconds(1));

        TestSocket? accepted = listener.Accept();
        Assert.That(accepted, Is.Not.Null);
        Assert.That(ReadText(accepted!), Is.EqualTo("early"));
        AssertTheySpeak(client, accepted!);
    }

    [Test]
    public void A_datagram_socket_waits_for_a_descriptor_and_loses_nothing()
    {
        TestSocket server = Right.BindDatagram(53);
        TestSocket client;
        int turns;
        using (DescriptorLimit limit = new())
        {
            limit.Release(1);
            client = Left.OpenDatagram();
            client.SendTo(Right.Endpoint(53), Text("early"));
            int before = Network.Turns;
            Network.Wait(TimeSpan.FromSeconds(10));
            turns = Network.Turns - before;
        }
        Network.Wait(TimeSpan.FromSeconds(1));

        Assert.That(server.ReceiveDatagram(out _), Is.EqualTo(Text("early")));
        Assert.That(turns, Is.LessThan(2000), "it looks now and then, and does not spin");
    }

    [TearDown]
    public void Recovered()
    {
        AssertTheySpeak(_client, _server); // what was there before has not noticed
        AssertHostsWork();
        Assert.That(Left.Bridge.Shortage.Count + Right.Bridge.Shortage.Count, Is.Positive);
        Assert.That(Left.Log.Count + Right.Log.Count, Is.EqualTo(1), "the user is told once");
    }
}
