using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transit;
using Pyco.Stack.Transport.Tcp.CongestionControl;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// The Transmission Control Protocol (RFC 9293) between the sockets and the internet layer: whose segment it is, and
/// when everybody's turn comes.
/// </summary>
internal sealed class TcpProtocol : ITransport
{
    /// <summary>The first octets of a header, which an ICMP error quotes: ports and sequence number.</summary>
    private const int QuotedLength = 8;

    private readonly Queue<StackSocket> _changed;
    private readonly Dictionary<ConnectionKey, Connection> _connections = [];
    private readonly TimeWaitTable _timeWait = new();
    private readonly TimerQueue _timers = new();
    private readonly Queue<Connection> _touched = new();
    private readonly LocalQueues _queues = new();
    private Connection? _lastUsed;

    public TcpProtocol(INetworkLayer network, Queue<StackSocket> changed, ChunkPool chunks, Entropy entropy, ConnectionSecret secret)
    {
        Network = network;
        Chunks = chunks;
        _changed = changed;
        Writer = new SegmentWriter(network);
        Ports = new PortTable(entropy);
        Isns = new IsnGenerator(secret);
        Cookies = new SynCookies(entropy);
    }

    public INetworkLayer Network { get; }

    /// <summary>Gets what nobody listens for; null unless the stack is transparent.</summary>
    public TransitTraffic? Transit { get; set; }

    public SegmentWriter Writer { get; }

    public ChunkPool Chunks { get; }

    public PortTable Ports { get; }

    public IsnGenerator Isns { get; }

    public SynCookies Cookies { get; }

    /// <summary>Segments sent again since the stack was made.</summary>
    public long RetransmittedSegments { get; set; }

    /// <summary>Segments whose checksum or header was wrong.</summary>
    public long BadSegments { get; private set; }

    public int ConnectionCount => _connections.Count;

    /// <inheritdoc cref="NetworkStack.AwaitsFin"/>
    public bool AwaitsFin => _connections.Values.Any(connection => connection is { State: TcpState.FinWait2, IsOrphan: true });

    public int TimeWaitCount => _timeWait.Count;

    public TcpSocket Open(bool isV6) => new(this, _changed) { IsV6 = isV6 };

    /// <summary>The user's handle of a connection that no listener of his accepts.</summary>
    public TcpSocket NewSocket(Connection connection) => new(this, _changed, connection);

    public void Receive(Frame frame, in PacketInfo packet, Instant now)
    {
        using Frame owned = frame;
        if (!TcpHeader.TryParse(frame.Head, out TcpHeader header) || !IsChecksumValid(frame, packet))
        {
            BadSegments++;
            return;
        }
        // TCP is between two: RFC 9293 §3.9.2.3 (MUST-57, MUST-63).
        if (packet.IsBroadcast || packet.Source.IsMulticast || packet.Destination.IsMulticast || packet.Source.IsAny)
            return;
        var key = new ConnectionKey(
            new IpEndpoint(packet.Destination, header.DestinationPort), new IpEndpoint(packet.Source, header.SourcePort));
        Segment seg = Segment.Read(header, frame.AttachedOctets, frame.SegmentSize);
        SegmentText text = new(frame, header.Length, seg.PayloadLength);
        if (TryFind(key, out Connection? connection))
        {
            SegmentArrives.OnConnection(connection, seg, text, now);
            return;
        }
        SequenceNumber? previous = null;
        if (_timeWait.Count > 0 && _timeWait.TryGet(key, out TimeWaitEntry? entry))
        {
            if (SegmentArrives.OnTimeWait(this, entry, seg, now))
                return;
            previous = entry.SndNxt;
        }
        if (Ports.FindListener(key.Local, key.GetHashCode()) is { } listener)
            SegmentArrives.OnListen(this, listener, key, seg, text, previous, now);
        else if (Transit is { } transit)
            SegmentArrives.OnTransit(this, transit, key, seg, previous, now);
        else
            SegmentArrives.OnClosed(this, key, seg, now);
    }

    public void OnIcmpError(in IcmpError error, ReadOnlySpan<byte> quotedTransportOctets, Instant now)
    {
        if (quotedTransportOctets.Length < QuotedLength)
            return;
        var key = new ConnectionKey(
            new IpEndpoint(error.Source, BinaryPrimitives.ReadUInt16BigEndian(quotedTransportOctets)),
            new IpEndpoint(error.Destination, BinaryPrimitives.ReadUInt16BigEndian(quotedTransportOctets[2..])));
        var seq = new SequenceNumber(BinaryPrimitives.ReadUInt32BigEndian(quotedTransportOctets[4..]));
        // What quotes a place that is not in flight is forged or stale (RFC 5927 §4.1).
        if (TryFind(key, out Connection? connection) && seq.IsInWindow(connection.Snd.Una, connection.Snd.InFlight))
            IcmpErrors.On(connection, error, seq, now);
    }

    public Instant? Advance(Instant now)
    {
        _timers.Advance(now);
        while (_timeWait.TryExpire(now, out TimeWaitEntry? expired))
            Ports.Release(expired.Claim);
        while (_touched.TryDequeue(out Connection? connection))
        {
            connection.IsTouched = false;
            if (connection.State is TcpState.Closed or TcpState.TimeWait)
                continue;
            Output.Run(connection, now);
            _timers.Update(connection);
        }
        return Instant.Earlier(_timers.NextDeadline, _timeWait.NextDeadline);
    }

    /// <summary>Asks for <see cref="Output"/> at the end of the batch.</summary>
    public void Touch(Connection connection)
    {
        if (connection.IsTouched)
            return;
        connection.IsTouched = true;
        _touched.Enqueue(connection);
    }

    public void Add(Connection connection) => _connections.Add(connection.Key, connection);

    public bool IsTaken(in ConnectionKey key) => _connections.ContainsKey(key) || _timeWait.TryGet(key, out _);

    /// <summary>The handshake of a passive open has ended: the listener's user gets a socket.</summary>
    public void Deliver(Connection connection, Listener listener)
    {
        connection.Socket = new TcpSocket(this, _changed, connection, listener.Socket);
        listener.Enqueue(connection);
    }

    /// <summary>CLOSED: the connection's key and port are free.</summary>
    public void Forget(Connection connection)
    {
        if (connection.State is TcpState.Closed or TcpState.TimeWait)
            return;
        Detach(connection, TcpState.Closed);
        Ports.Release(connection.Claim);
    }

    /// <summary>
    /// Only a small entry stays, though the user may still read what arrived. Not even that stays of a connection that this
    /// host has opened to itself: its segments arrive at once and in order, so that none is left to disturb another connection,
    /// and Linux too gives such a port away again soon (tcp_tw_reuse's default, 6.1). The port of a server stays taken, as
    /// programs know it.
    /// </summary>
    public void BeginTimeWait(Connection connection, Instant now)
    {
        if (connection.Route.IsLoopback && connection.Listener is null)
        {
            Detach(connection, TcpState.TimeWait);
            Ports.Release(connection.Claim);
            connection.Report(SocketEvents.Finished);
            return;
        }
        var entry = new TimeWaitEntry
        {
            Key = connection.Key,
            Claim = connection.Claim,
            Route = connection.Route,
            SndNxt = connection.Snd.Nxt,
            RcvNxt = connection.Rcv.Nxt,
            Window = (ushort)Math.Min(connection.Rcv.Wnd >> connection.Rcv.Scale, ushort.MaxValue),
            Timestamps = connection.Timestamps,
            TimeToLive = connection.TimeToLive,
            TypeOfService = connection.TypeOfService,
        };
        Detach(connection, TcpState.TimeWait);
        _timeWait.Add(entry, now);
        connection.Report(SocketEvents.Finished);
    }

    public void EndTimeWait(TimeWaitEntry entry)
    {
        if (_timeWait.Remove(entry))
            Ports.Release(entry.Claim);
    }

    public void SendTimeWaitAck(TimeWaitEntry entry, Instant now)
    {
        TcpTimestamp? stamp = entry.Timestamps.IsOn
            ? new TcpTimestamp(entry.Timestamps.Clock(now), entry.Timestamps.Recent)
            : null;
        Writer.SendBare(
            entry.Key, entry.Route, entry.SndNxt, entry.RcvNxt, TcpFlags.Ack, entry.Window, stamp,
            entry.TimeToLive, entry.TypeOfService, now);
    }

    /// <summary>A reset for a segment that belongs to no connection, or to none that can have sent it.</summary>
    public void SendReset(in ConnectionKey key, SequenceNumber seq, SequenceNumber ack, TcpFlags flags, Instant now)
    {
        const byte timeToLive = 64;
        if (Network.TryRoute(key.Remote.Address, key.Local.Address, out Route route) == Errno.None)
            Writer.SendBare(key, route, seq, ack, flags, window: 0, timestamp: null, timeToLive, typeOfService: 0, now);
    }

    public static ICongestionControl NewCongestionControl(Connection connection) =>
        connection.CongestionControl == "reno" ? new NewReno(connection.Snd.Mss) : new Cubic(connection.Snd.Mss);

    public LocalQueueShare? SendShareOf(in Route route) => _queues.SendShareOf(route);

    public void NoteReceiver(Connection connection, int octets, Instant now) =>
        _queues.NoteReceiver(connection, octets, now);

    public int ReceiveShareOf(Connection connection, Instant now) => _queues.ReceiveShareOf(connection, now);

    private static bool IsChecksumValid(Frame frame, in PacketInfo packet)
    {
        if (packet.ChecksumTrusted)
            return true;
        uint sum = Checksum.PseudoHeader(packet.Source, packet.Destination, IpProtocol.Tcp, frame.Length);
        return Checksum.IsValid(Checksum.Add(sum, frame, start: 0));
    }

    private void Detach(Connection connection, TcpState state)
    {
        connection.State = state;
        connection.Timers.Clear();
        connection.DelayedAck = default;
        connection.LeaveSendShare();
        _queues.Forget(connection);
        connection.Snd.Buffer.Dispose();
        connection.Rcv.DropWaiting();
        connection.Listener?.RemoveHalfOpen(connection);
        _timers.Remove(connection);
        _connections.Remove(connection.Key);
        if (_lastUsed == connection)
            _lastUsed = null;
    }

    private bool TryFind(in ConnectionKey key, [NotNullWhen(true)] out Connection? connection)
    {
        connection = _lastUsed; // segments come in trains
        if (connection is not null && connection.Key == key)
            return true;
        if (!_connections.TryGetValue(key, out connection))
            return false;
        _lastUsed = connection;
        return true;
    }
}
