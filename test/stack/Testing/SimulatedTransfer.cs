using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Testing;

/// <summary>
/// One TCP connection over a <see cref="SimulatedNetwork"/>: both ends send their octets, finish, and check every octet
/// that they receive.
/// </summary>
internal sealed class SimulatedTransfer
{
    private readonly SimulatedNetwork _network;
    private readonly List<Program> _programs = [];
    private readonly int _toRight;
    private readonly int _toLeft;

    public SimulatedTransfer(SimulatedNetwork network, int toRight, int toLeft)
    {
        _network = network;
        _toRight = toRight;
        _toLeft = toLeft;
        TcpSocket listener = network.Right.Stack.OpenTcp();
        IpEndpoint server = new(network.Right.Address, 80);
        Assert.That(listener.Bind(server), Is.EqualTo(Errno.None));
        Assert.That(listener.Listen(4), Is.EqualTo(Errno.None));
        network.Right.OnChanged = (socket, now) =>
        {
            if (socket == listener)
                Accept(listener, now);
            else
                Serve(socket, now);
        };
        network.Left.OnChanged = Serve;
        TcpSocket client = network.Left.Stack.OpenTcp();
        Add(client, seed: 1, toRight, toLeft);
        Assert.That(client.Connect(server, network.Now), Is.EqualTo(Errno.None));
    }

    /// <summary>Both ends have sent all, received all, and seen the other's end.</summary>
    public bool IsDone => _programs.Count == 2 && _programs.TrueForAll(program => program.IsDone);

    /// <summary>Segments that the two ends sent again.</summary>
    public long RetransmittedSegments => _programs.Sum(program => program.RetransmittedSegments);

    /// <summary>Runs to the end and fails, with the seed, if it does not come in time.</summary>
    /// <returns>How long it took.</returns>
    public TimeSpan Run(TimeSpan limit)
    {
        Instant start = _network.Now;
        bool isDone = _network.RunUntil(() => IsDone, limit);
        Assert.That(isDone, $"seed {_network.Seed}: stalled or too slow: {string.Join("; ", _programs)}");
        return _network.Now - start;
    }

    private void Accept(TcpSocket listener, Instant now)
    {
        listener.TakeEvents();
        while (listener.TryAccept(out TcpSocket? connection))
        {
            Add(connection!, seed: 2, _toLeft, _toRight);
            Serve(connection!, now);
        }
    }

    private void Add(TcpSocket socket, byte seed, int toSend, int toReceive)
    {
        Program program = new(socket, seed, toSend, toReceive);
        socket.Owner = program;
        _programs.Add(program);
    }

    private void Serve(StackSocket socket, Instant now) => (socket.Owner as Program)?.Serve(now, _network.Seed);

    /// <summary>The program at one end. Octet n of a stream is a function of n and of who sends it.</summary>
    private sealed class Program(TcpSocket socket, byte seed, int toSend, int toReceive)
    {
        private readonly ReadOnlyMemory<byte>[] _pieces = new ReadOnlyMemory<byte>[8];
        private bool _isConnected = seed == 2; // the accepted end
        private bool _peerFinished;
        private bool _finished;
        private int _sent;
        private int _received;

        public long RetransmittedSegments => socket.RetransmittedSegments;

        public bool IsDone => _finished && _peerFinished && _received == toReceive;

        public void Serve(Instant now, int runSeed)
        {
            SocketEvents events = socket.TakeEvents();
            Assert.That(events.HasFlag(SocketEvents.Failed), Is.False, $"seed {runSeed}: {socket.Error}; {this}");
            _isConnected |= events.HasFlag(SocketEvents.Connected);
            _peerFinished |= events.HasFlag(SocketEvents.PeerFinished);
            Receive(now, runSeed);
            if (_isConnected)
                Send(now);
        }

        public override string ToString() =>
            $"end {seed} {socket.StateName} sent {_sent}/{toSend} received {_received}/{toReceive} peer finished {_peerFinished}";

        private void Send(Instant now)
        {
            while (_sent < toSend)
            {
                Span<byte> span = socket.GetSendSpan();
                span = span[..Math.Min(span.Length, toSend - _sent)];
                if (span.IsEmpty)
                    return;
                for (int index = 0; index < span.Length; index++)
                    span[index] = Octet(seed, _sent + index);
                socket.CommitSend(span.Length, now);
                _sent += span.Length;
            }
            if (_finished)
                return;
            _finished = true;
            socket.FinishSending(now);
        }

        private void Receive(Instant now, int runSeed)
        {
            while (socket.ReceivedOctets > 0)
            {
                int count = socket.PeekReceived(_pieces);
                int length = 0;
                foreach (ReadOnlyMemory<byte> piece in _pieces.AsSpan(0, count))
                {
                    foreach (byte octet in piece.Span)
                    {
                        if (octet != Octet((byte)(3 - seed), _received))
                            Assert.Fail($"seed {runSeed}: octet {_received} is wrong at {this}");
                        _received++;
                        length++;
                    }
                }
                socket.Consume(length, now);
            }
        }

        private static byte Octet(byte sender, int place) => (byte)((place * 31) + (place >> 8) + sender);
    }
}
