using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>A connection's life between two stacks of our own.</summary>
[TestFixture]
internal sealed class ConnectionBasicsTests
{
    private const int Port = 80;

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

    /// <summary>Sends a known pattern, checks it at the other end, then the end of the stream.</summary>
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
