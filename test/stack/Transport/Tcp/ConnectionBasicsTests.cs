using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>A connection's life between two stacks of our own.</summary>
[TestFixture]
internal sealed class ConnectionBasicsTests
{
    private const int Port = 80;

    /// <summary>Octets in a second.</summary>
    private const long SwitchRate = 125_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    private static IEnumerable<TestCaseData> Wires()
    {
        yield return new TestCaseData(new WireConditions()).SetArgDisplayNames("perfect");
        yield return new TestCaseData(new WireConditions { Loss = 0.02 }).SetArgDisplayNames("2 % loss");
        yield return new TestCaseData(new WireConditions { Loss = 0.1 }).SetArgDisplayNames("10 % loss");
    }

    [TestCaseSource(nameof(Wires))]
    public void Every_octet_arrives_both_ways_and_both_ends_finish(WireConditions conditions)
    {
        var network = new SimulatedNetwork(7, conditions);
        TcpSocket listener = network.Left.Stack.OpenTcp();
        Assert.That(listener.Bind(new IpEndpoint(IpAddress.AnyV4, Port)), Is.EqualTo(Errno.None));
        Assert.That(listener.Listen(5), Is.EqualTo(Errno.None));
        TcpSocket client = network.Right.Stack.OpenTcp();
        Assert.That(
            client.Connect(new IpEndpoint(network.Left.Address, Port), network.Now), Is.EqualTo(Errno.None));

        TcpSocket? server = null;
        Assert.That(network.RunUntil(() => listener.TryAccept(out server), Patience), "no connection");
        var toServer = new Flow(client, server!, 1_000_000, 1);
        var toClient = new Flow(server!, client, 700_000, 2);
        Assert.That(
            network.RunUntil(() => toServer.Step(network.Now) & toClient.Step(network.Now), Patience),
            $"stalled: {toServer}, {toClient}, {client.StateName}, {server!.StateName}, {network.Now}");
        client.Close(network.Now);
        server!.Close(network.Now);
        network.Run(TimeSpan.FromSeconds(130));
        Assert.That(client.StateName, Is.EqualTo("CLOSED").Or.EqualTo("TIME-WAIT"));
        Assert.That(server.StateName, Is.EqualTo("CLOSED").Or.EqualTo("TIME-WAIT"));
        Assert.That(network.Left.Frames.Outstanding, Is.Zero);
        Assert.That(network.Right.Frames.Outstanding, Is.Zero);
    }

    [Test]
    public void A_closed_port_refuses()
    {
        var network = new SimulatedNetwork(7, new WireConditions());
        TcpSocket client = network.Right.Stack.OpenTcp();
        client.Connect(new IpEndpoint(network.Left.Address, Port), network.Now);
        Assert.That(network.RunUntil(() => client.Error != Errno.None, Patience));
        Assert.That(client.Error, Is.EqualTo(Errno.ECONNREFUSED));
    }

    [Test]
    public void A_program_reaches_another_one_of_its_own_host()
    {
        var network = new SimulatedNetwork(7, new WireConditions());
        TcpSocket listener = network.Left.Stack.OpenTcp(isV6: true);
        listener.Bind(new IpEndpoint(IpAddress.AnyV6, Port));
        listener.Listen(5);
        TcpSocket client = network.Left.Stack.OpenTcp();
        client.Connect(new IpEndpoint(IpAddress.LoopbackV4, Port), network.Now);
        TcpSocket? server = null;
        Assert.That(network.RunUntil(() => listener.TryAccept(out server), Patience));
        var flow = new Flow(client, server!, 100_000, 3);
        Assert.That(network.RunUntil(() => flow.Step(network.Now), Patience), flow.ToString());
    }

    [TestCase(1)]
    [TestCase(8)]
    public void Streams_do_not_overrun_the_known_queue_of_a_switch(int streams)
    {
        SimulatedNetwork network = WithSwitch();
        TcpSocket listener = network.Left.Stack.OpenTcp();
        listener.Bind(new IpEndpoint(IpAddress.AnyV4, Port));
        listener.Listen(streams);
        List<Flow> flows = [];
        for (int index = 0; index < streams; index++)
        {
            TcpSocket client = network.Right.Stack.OpenTcp();
            client.Connect(new IpEndpoint(network.Left.Address, Port), network.Now);
            TcpSocket? server = null;
            Assert.That(network.RunUntil(() => listener.TryAccept(out server), Patience));
            flows.Add(new Flow(client, server!, 2_000_000, index));
        }
        Instant start = network.Now;
        bool isDone = network.RunUntil(() => flows.Count(flow => flow.Step(network.Now)) == streams, Patience);
        Assert.That(isDone, string.Join("; ", flows));
        Assert.That(network.Right.Out.Overflowed, Is.Zero);
        double shareOfRate = streams * 2_000_000 / (network.Now - start).TotalSeconds / SwitchRate;
        Assert.That(shareOfRate, Is.GreaterThan(0.85));
    }

    [Test]
    public void Hundreds_of_short_transfers_do_not_shrink_the_windows_of_the_next()
    {
        const int transfers = 300;
        SimulatedNetwork network = WithSwitch();
        TcpSocket listener = network.Left.Stack.OpenTcp();
        listener.Bind(new IpEndpoint(IpAddress.AnyV4, Port));
        listener.Listen(1);
        Instant start = network.Now;
        for (int index = 0; index < transfers; index++)
        {
            TcpSocket client = network.Right.Stack.OpenTcp();
            client.Connect(new IpEndpoint(network.Left.Address, Port), network.Now);
            TcpSocket? server = null;
            Assert.That(network.RunUntil(() => listener.TryAccept(out server), Patience));
            var flow = new Flow(server!, client, 1200, index);
            flow.Step(network.Now);
            network.Run(TimeSpan.Zero);
            Assert.That(network.RunUntil(() => flow.Step(network.Now), Patience), flow.ToString());
            client.Close(network.Now);
            server!.Close(network.Now);
        }
        Assert.That((network.Now - start).TotalMilliseconds / transfers, Is.LessThan(1), "none waited for a timer");
    }

    [Test]
    public void A_slow_reader_closes_the_window_and_opens_it_again()
    {
        Trace trace = Trace.Accepted();
        for (int seq = 1; seq < 262_000; seq += 1000)
            trace.PeerSends($"{seq}:{seq + 1000}(1000) ack 1 win 65535");
        Assert.That(trace.Socket.ReceivedOctets, Is.LessThanOrEqualTo(262_144));
        int unread = trace.Socket.ReceivedOctets;
        trace.Skip();
        trace.AppReads(unread);
        trace.StackSends($"1:1(0) ack {unread + 1}");
        trace.StackIsSilent();
    }

    [Test]
    public void A_zero_window_is_probed_and_data_follows_when_it_opens()
    {
        Trace trace = Trace.Established(peerWindow: 0);
        trace.AppWrites("hello");
        trace.StackIsSilent();
        trace.At(0.200);
        trace.StackSends("0:0(0) ack 1");
        trace.PeerSends("1:1(0) ack 1 win 1000");
        trace.StackSends("1:6(5) ack 1");
    }

    [Test]
    public void A_connect_that_nobody_answers_times_out_after_six_more_SYNs()
    {
        Trace trace = new Trace().AppConnects();
        foreach (double second in new double[] { 0, 1, 3, 7, 15, 31, 63 })
            trace.At(second).StackSends("S 0:0(0)");
        trace.At(127);
        trace.ErrorIs(Errno.ETIMEDOUT).AppHears(SocketEvents.Failed);
    }

    [Test]
    public void Three_duplicate_ACKs_send_the_first_segment_again()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(5000);
        for (int seq = 1; seq < 5001; seq += 1000)
            trace.StackSends($"{seq}:{seq + 1000}(1000) ack 1");
        for (int count = 0; count < 3; count++)
            trace.PeerSends("1:1(0) ack 1 win 65535");
        trace.StackSends("1:1001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 5001 win 65535");
        trace.StackIsSilent();
    }

    /// <summary>Sends a known pattern, checks it at the other end, then the end of the stream.</summary>
    /// <summary>A local network whose switch drops what does not fit into its queue, which the hosts know.</summary>
    private static SimulatedNetwork WithSwitch()
    {
        const int switchQueue = 130_000;
        return new SimulatedNetwork(7, new WireConditions
        {
            Delay = TimeSpan.FromMicroseconds(30),
            Rate = SwitchRate,
            Queue = switchQueue,
            KnownQueue = switchQueue / 1514,
        });
    }

    private sealed class Flow(TcpSocket from, TcpSocket to, int length, int seed)
    {
        private int _sent;
        private int _received;
        private bool _finished;

        public override string ToString() => $"{_sent} sent, {_received} received of {length}";

        public bool Step(Instant now)
        {
            while (_sent < length)
            {
                Span<byte> span = from.GetSendSpan();
                int count = Math.Min(span.Length, length - _sent);
                if (count == 0)
                    break;
                for (int index = 0; index < count; index++)
                    span[index] = Octet(_sent + index);
                from.CommitSend(count, now);
                _sent += count;
            }
            if (_sent == length && !_finished)
            {
                from.FinishSending(now);
                _finished = true;
            }
            Span<ReadOnlyMemory<byte>> pieces = new ReadOnlyMemory<byte>[8];
            int pieceCount = to.PeekReceived(pieces);
            int consumed = 0;
            foreach (ReadOnlyMemory<byte> piece in pieces[..pieceCount])
            {
                foreach (byte octet in piece.Span)
                {
                    if (octet != Octet(_received))
                        throw new InvalidOperationException($"octet {_received} is wrong");
                    _received++;
                    consumed++;
                }
            }
            if (consumed > 0)
                to.Consume(consumed, now);
            return _received == length;
        }

        private byte Octet(int index) => (byte)((index * 31) + (index >> 8) + seed);
    }
}
