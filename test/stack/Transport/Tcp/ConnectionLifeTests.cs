using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>How connections begin and end in the less common ways.</summary>
[TestFixture]
internal sealed class ConnectionLifeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Test]
    public void A_socket_that_connects_to_itself_is_connected()
    {
        var network = new SimulatedNetwork(3, new WireConditions());
        TcpSocket socket = network.Left.Stack.OpenTcp();
        var self = new IpEndpoint(IpAddress.LoopbackV4, 40000);
        Assert.That(socket.Bind(self), Is.EqualTo(Errno.None));
        Assert.That(socket.Connect(self, network.Now), Is.EqualTo(Errno.None));
        Assert.That(network.RunUntil(() => socket.StateName == "ESTABLISHED", Patience), socket.StateName);
        socket.GetSendSpan()[0] = 42;
        socket.CommitSend(1, network.Now);
        Assert.That(network.RunUntil(() => socket.ReceivedOctets == 1, Patience));
    }

    [Test]
    public void A_connection_of_the_host_with_itself_leaves_its_port_at_once()
    {
        var network = new SimulatedNetwork(3, new WireConditions());
        network.Run(TimeSpan.FromSeconds(1)); // the address is up
        var own = new IpEndpoint(network.Left.Address, 40000);
        TcpSocket listener = network.Left.Stack.OpenTcp();
        listener.Bind(own with { Port = 80 });
        listener.Listen(1);
        for (int round = 0; round < 2; round++)
        {
            TcpSocket client = network.Left.Stack.OpenTcp();
            Assert.That(client.Bind(own), Is.EqualTo(Errno.None), "no TIME-WAIT has it");
            Assert.That(client.Connect(own with { Port = 80 }, network.Now), Is.EqualTo(Errno.None));
            TcpSocket? server = null;
            Assert.That(network.RunUntil(() => listener.TryAccept(out server), Patience));
            client.FinishSending(network.Now);
            Assert.That(network.RunUntil(() => server!.StateName == "CLOSE-WAIT", Patience), server!.StateName);
            server.Close(network.Now);
            Assert.That(network.RunUntil(() => server.StateName == "CLOSED", Patience), server.StateName);
            Assert.That(client.TakeEvents().HasFlag(SocketEvents.Finished), Is.True);
            client.Close(network.Now);
        }
    }

    [Test]
    public void A_reset_reaches_the_program_after_the_data_before_it()
    {
        Trace trace = Trace.Accepted();
        trace.PeerSends("1:6(5) ack 1 win 1000", "hello");
        trace.PeerSends("R 6:6(0) win 0");
        trace.AppHears(SocketEvents.Readable | SocketEvents.Failed).ErrorIs(Errno.ECONNRESET);
        trace.AppReads("hello");
    }

    [Test]
    public void A_reset_that_only_falls_into_the_window_is_challenged()
    {
        Trace trace = Trace.Accepted();
        trace.PeerSends("R 100:100(0) win 0");
        trace.StackSends("1:1(0) ack 1"); // RFC 5961 §3.2
        trace.StateIs("ESTABLISHED");
    }

    [Test]
    public void Closing_with_unread_data_resets()
    {
        Trace trace = Trace.Accepted();
        trace.PeerSends("1:6(5) ack 1 win 1000", "hello");
        trace.Skip();
        trace.AppCloses();
        trace.StackSends("R. 1:1(0) ack 6");
        trace.StateIs("CLOSED");
    }

    [Test]
    public void Both_ends_finish_and_the_one_that_began_waits()
    {
        Trace trace = Trace.Accepted();
        trace.AppFinishesSending();
        trace.StackSends("F. 1:1(0) ack 1").StateIs("FIN-WAIT-1");
        trace.PeerSends("1:1(0) ack 2 win 1000").StateIs("FIN-WAIT-2");
        trace.PeerSends("F. 1:1(0) ack 2 win 1000");
        trace.StackSends("2:2(0) ack 2").StateIs("TIME-WAIT");
        trace.PeerSends("F. 1:1(0) ack 2 win 1000");
        trace.StackSends("2:2(0) ack 2"); // our last acknowledgement was lost
    }

    [Test]
    public void More_SYNs_than_the_queue_holds_are_answered_with_cookies_and_all_connect()
    {
        // The answers are spread in time, so that the program can accept in between.
        var conditions = new WireConditions
        {
            Delay = TimeSpan.FromMilliseconds(20),
            Jitter = TimeSpan.FromMilliseconds(10),
        };
        var network = new SimulatedNetwork(3, conditions);
        TcpSocket listener = network.Left.Stack.OpenTcp();
        listener.Bind(new IpEndpoint(IpAddress.AnyV4, 80));
        listener.Listen(100);
        List<TcpSocket> clients = [];
        TcpSocket first = network.Right.Stack.OpenTcp(); // for ARP, which keeps few packets waiting
        first.Connect(new IpEndpoint(network.Left.Address, 80), network.Now);
        clients.Add(first);
        Assert.That(network.RunUntil(() => first.StateName == "ESTABLISHED", Patience));
        // All SYNs leave in one moment: 128 are remembered, the others answered with cookies.
        for (int count = 0; count < 140; count++)
        {
            TcpSocket client = network.Right.Stack.OpenTcp();
            client.Connect(new IpEndpoint(network.Left.Address, 80), network.Now);
            clients.Add(client);
        }
        int accepted = 0;
        bool AllAccepted()
        {
            while (listener.TryAccept(out _))
                accepted++;
            return accepted == clients.Count;
        }
        Assert.That(network.RunUntil(AllAccepted, TimeSpan.FromSeconds(100)), $"{accepted} accepted");
        Assert.That(clients.Select(client => client.StateName), Is.All.EqualTo("ESTABLISHED"));
    }
}
