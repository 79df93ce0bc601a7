using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;
using Pyco.Vde.Impairment;

namespace Pyco.Vde.Tests.Impairment;

/// <summary>TCP between two whole stacks over an impaired link, in virtual time.</summary>
public sealed class LinkTransferTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Test]
    public void TCP_brings_every_octet_over_a_link_that_does_everything()
    {
        Transfer transfer = new(
            "delay=20ms,jitter=5ms,loss=1%,burst=2,duplicate=1%,reorder=1%,corrupt=1%,up:rate=5mbit,down:rate=20mbit",
            octets: 1_000_000);
        transfer.Run();
        LinkCounters up = transfer.Network.Up.Counters;
        Assert.That(up.Lost, Is.GreaterThan(0));
        Assert.That(up.Duplicated, Is.GreaterThan(0));
        Assert.That(up.Reordered, Is.GreaterThan(0));
        Assert.That(up.Corrupted, Is.GreaterThan(0));
    }

    [Test]
    public void TCP_fills_the_rate_that_was_set([Values(1_000_000, 5_000_000, 50_000_000)] int rate)
    {
        const int Seconds = 10;
        int octets = rate / 8 * Seconds;
        Transfer transfer = new($"delay=10ms,up:rate={rate}bit", octets);
        TimeSpan time = transfer.Run();
        // Of each 1,514 octets that the rate counts, 1,448 are the program's: 96 %. The start, and what is sent twice after
        // drops, cost some.
        double share = octets * 8.0 / rate / time.TotalSeconds;
        Assert.That(share, Is.InRange(0.85, 1448.0 / 1514));
    }

    [Test]
    public void A_round_trip_takes_both_delays()
    {
        Transfer transfer = new("up:delay=30ms,down:delay=20ms", octets: 1);
        // One round trip for ARP, one for the handshake, one for the octet and its answer.
        Assert.That(transfer.Run(), Is.EqualTo(TimeSpan.FromMilliseconds(150)));
    }

    /// <summary>The near end sends octets and its end; the far one answers with one octet when it has read all.</summary>
    private sealed class Transfer
    {
        private readonly ReadOnlyMemory<byte>[] _pieces = new ReadOnlyMemory<byte>[8];
        private readonly TcpSocket _client;
        private readonly TcpSocket _listener;
        private readonly int _octets;
        private TcpSocket? _server;
        private bool _isConnected;
        private bool _isAnswered;
        private int _sent;
        private int _received;

        public Transfer(string text, int octets)
        {
            _octets = octets;
            Assert.That(LinkSpecification.TryParse("seed=5," + text, out LinkSpecification? link, out string? error), error);
            Network = new ImpairedNetwork(link!);
            Network.RunUntil(() => false, Limit); // both announce their addresses, and forget the other's again
            IpEndpoint server = new(Network.Far.Address, 80);
            _listener = Network.Far.Stack.OpenTcp();
            Assert.That(_listener.Bind(server), Is.EqualTo(Errno.None));
            Assert.That(_listener.Listen(1), Is.EqualTo(Errno.None));
            Network.Far.OnChanged = ServeFar;
            Network.Near.OnChanged = ServeNear;
            _client = Network.Near.Stack.OpenTcp();
            Assert.That(_client.Connect(server, Network.Now), Is.EqualTo(Errno.None));
        }

        public ImpairedNetwork Network { get; }

        /// <returns>How long it took until the answer came.</returns>
        public TimeSpan Run()
        {
            Instant start = Network.Now;
            bool isDone = Network.RunUntil(() => _isAnswered, Limit);
            Assert.That(isDone, $"stalled: sent {_sent}, received {_received} of {_octets}");
            TimeSpan time = Network.Now - start;
            Network.RunUntil(() => false, Limit); // what is left of the connection
            Network.ShutDown();
            return time;
        }

        private static byte Octet(int place) => (byte)((place * 31) + (place >> 8));

        private void ServeNear(StackSocket socket, Instant now)
        {
            SocketEvents events = socket.TakeEvents();
            Assert.That(events.HasFlag(SocketEvents.Failed), Is.False, $"{_client.Error}");
            _isConnected |= events.HasFlag(SocketEvents.Connected);
            if (!_isAnswered && _client.ReceivedOctets > 0)
            {
                _isAnswered = true;
                _client.Consume(1, now);
                _client.FinishSending(now);
            }
            while (_isConnected && _sent < _octets)
            {
                Span<byte> span = _client.GetSendSpan();
                span = span[..Math.Min(span.Length, _octets - _sent)];
                if (span.IsEmpty)
                    return;
                for (int index = 0; index < span.Length; index++)
                    span[index] = Octet(_sent + index);
                _client.CommitSend(span.Length, now);
                _sent += span.Length;
            }
        }

        private void ServeFar(StackSocket socket, Instant now)
        {
            SocketEvents events = socket.TakeEvents();
            if (socket == _listener && _listener.TryAccept(out _server))
                ServeFar(_server!, now);
            if (socket != _server)
                return;
            while (_server.ReceivedOctets > 0)
                Receive(now);
            if (events.HasFlag(SocketEvents.PeerFinished))
                _server.FinishSending(now);
        }

        private void Receive(Instant now)
        {
            int length = 0;
            foreach (ReadOnlyMemory<byte> piece in _pieces.AsSpan(0, _server!.PeekReceived(_pieces)))
            {
                foreach (byte octet in piece.Span)
                {
                    if (octet != Octet(_received))
                        Assert.Fail($"octet {_received} is wrong");
                    _received++;
                    length++;
                }
            }
            _server.Consume(length, now);
            if (_received != _octets)
                return;
            _server.GetSendSpan()[0] = 1;
            _server.CommitSend(1, now);
        }
    }
}
