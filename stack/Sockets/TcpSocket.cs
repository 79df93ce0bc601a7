using Pyco.Stack.Internet;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Sockets;

/// <summary>
/// A TCP socket (RFC 9293 §3.9.1's user calls in the shape of the sockets API). All calls return at once; what they
/// lead to is told by <see cref="StackSocket.TakeEvents"/>.
/// </summary>
public sealed class TcpSocket : StackSocket
{
    private readonly TcpProtocol _protocol;
    private Connection? _connection;
    private Listener? _listener;
    private PortClaim? _claim;
    private bool _noDelay;
    private bool _cork;
    private bool _keepAlive;

    // Events of a connection that its listener's user does not know of yet.
    private bool _isUnaccepted;
    private SocketEvents _heldBack;

    internal TcpSocket(TcpProtocol protocol, Queue<StackSocket> changed)
        : base(changed) => _protocol = protocol;

    /// <summary>A socket for a connection that exists.</summary>
    internal TcpSocket(TcpProtocol protocol, Queue<StackSocket> changed, Connection connection)
        : this(protocol, changed)
    {
        _connection = connection;
        Local = connection.Key.Local;
        Remote = connection.Key.Remote;
    }

    /// <summary>A socket for an accepted connection, with its listener's options as Linux hands them down.</summary>
    internal TcpSocket(TcpProtocol protocol, Queue<StackSocket> changed, Connection connection, TcpSocket listener)
        : this(protocol, changed, connection)
    {
        _isUnaccepted = true;
        IsV6 = listener.IsV6;
        V6Only = listener.V6Only;
        ReuseAddress = listener.ReuseAddress;
        ReusePort = listener.ReusePort;
        TimeToLive = listener.TimeToLive;
        TypeOfService = listener.TypeOfService;
        PathMtuDiscovery = listener.PathMtuDiscovery;
        _noDelay = listener._noDelay;
        _cork = listener._cork;
        _keepAlive = listener._keepAlive;
        KeepAliveIdle = listener.KeepAliveIdle;
        KeepAliveInterval = listener.KeepAliveInterval;
        KeepAliveCount = listener.KeepAliveCount;
        UserTimeout = listener.UserTimeout;
        CongestionControl = listener.CongestionControl;
        MaxSegmentSize = listener.MaxSegmentSize;
    }

    /// <summary>Why the connection failed (ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH …), or None.</summary>
    public Errno Error { get; private set; }

    /// <summary>TCP_NODELAY: switches Nagle's algorithm off (RFC 9293 §3.7.4).</summary>
    public bool NoDelay
    {
        get => _noDelay;
        set
        {
            _noDelay = value;
            _connection?.Touch();
        }
    }

    /// <summary>TCP_CORK: holds partial segments back.</summary>
    public bool Cork
    {
        get => _cork;
        set
        {
            _cork = value;
            _connection?.Touch();
        }
    }

    /// <summary>SO_KEEPALIVE.</summary>
    public bool KeepAlive
    {
        get => _keepAlive;
        set
        {
            _keepAlive = value;
            _connection?.Touch();
        }
    }

    /// <summary>TCP_KEEPIDLE; default 2 h (RFC 9293 §3.8.4).</summary>
    public TimeSpan KeepAliveIdle { get; set; } = TimeSpan.FromHours(2);

    /// <summary>TCP_KEEPINTVL; default 75 s.</summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(75);

    /// <summary>TCP_KEEPCNT; default 9.</summary>
    public int KeepAliveCount { get; set; } = 9;

    /// <summary>TCP_USER_TIMEOUT: how long sent data may stay unacknowledged; zero means the retransmission limit.</summary>
    public TimeSpan UserTimeout { get; set; }

    /// <summary>TCP_CONGESTION: "cubic" (default) or "reno".</summary>
    public string CongestionControl { get; set; } = "cubic";

    /// <summary>TCP_MAXSEG: an upper limit for the MSS, or null.</summary>
    public int? MaxSegmentSize { get; set; }

    /// <summary>
    /// On a listener: asked before a SYN is answered, because the owner may learn late that the program has closed its
    /// socket. False: the port is as good as closed and the SYN is answered with RST; the owner closes the listener
    /// soon after. Null counts as true. It must not call into the stack.
    /// </summary>
    public Func<bool>? IsStillListening { get; set; }

    public bool IsListening => _listener is not null;

    /// <summary>The RFC 9293 state's name, for people.</summary>
    public string StateName =>
        _listener is not null ? "LISTEN" : (_connection?.State ?? TcpState.Closed).Name();

    /// <summary>For TCP_INFO: the state's number as Linux counts them.</summary>
    public byte StateNumber
    {
        get
        {
            const byte listening = 10;
            return _listener is not null ? listening : (_connection?.State ?? TcpState.Closed).Number();
        }
    }

    /// <summary>For people and TCP_INFO: segments sent again on this connection.</summary>
    public long RetransmittedSegments => _connection?.RetransmittedSegments ?? 0;

    /// <summary>For people and TCP_INFO: SRTT (RFC 6298), null before the first measurement.</summary>
    public TimeSpan? SmoothedRoundTrip => _connection?.Snd.Rtt.Srtt;

    /// <summary>For people and TCP_INFO: RTTVAR (RFC 6298).</summary>
    public TimeSpan RoundTripVariation => _connection?.Snd.Rtt.RttVar ?? TimeSpan.Zero;

    /// <summary>For TCP_INFO: RTO (RFC 6298), with all doublings; zero without a connection.</summary>
    public TimeSpan RetransmissionTimeout => _connection?.Snd.Rtt.Rto ?? TimeSpan.Zero;

    /// <summary>For people and TCP_INFO: cwnd in octets; zero without a connection.</summary>
    public int CongestionWindow => _connection?.Snd.Recovery.Congestion.Cwnd ?? 0;

    /// <summary>For people and TCP_MAXSEG: octets of data in a full segment that we send; zero without a connection.</summary>
    public int SegmentSize => _connection?.Snd.Mss ?? 0;

    public override int? PathMtu => _connection is { State: not TcpState.Closed } connection ? connection.Route.Mtu : null;

    /// <summary>Binds; port 0 chooses an ephemeral one at random (RFC 6056).</summary>
    /// <returns>EADDRINUSE, EADDRNOTAVAIL, EINVAL when already bound.</returns>
    public Errno Bind(IpEndpoint local)
    {
        if (_claim is not null || _connection is not null)
            return Errno.EINVAL;
        IpAddress address = local.Address;
        if (!IsV6 && !address.IsV4)
            return Errno.EAFNOSUPPORT;
        if (V6Only && address.IsV4)
            return Errno.EINVAL;
        if (!address.IsAny && !_protocol.Network.IsLocal(address))
            return Errno.EADDRNOTAVAIL;
        var wanted = new PortClaim { Local = local, V6Only = V6Only, Reuse = ReuseAddress, ReusePort = ReusePort };
        Errno errno = _protocol.Ports.TryClaim(wanted, out PortClaim claim);
        if (errno != Errno.None)
            return errno;
        _claim = claim;
        Local = claim.Local;
        return Errno.None;
    }

    /// <summary>Passive open. A second call changes the backlog.</summary>
    public Errno Listen(int backlog)
    {
        if (_connection is not null)
            return Errno.EINVAL;
        if (_claim is null && Bind(new IpEndpoint(IsV6 ? IpAddress.AnyV6 : IpAddress.AnyV4, 0)) is not Errno.None and Errno errno)
            return errno;
        if (_listener is null)
        {
            if (!_protocol.Ports.MayListen(_claim!))
                return Errno.EADDRINUSE;
            _listener = new Listener(this, _claim!);
            _claim!.Listener = _listener;
        }
        _listener.Backlog = backlog;
        return Errno.None;
    }

    /// <summary>Takes an established connection from the listener's queue.</summary>
    public bool TryAccept(out TcpSocket? connection)
    {
        connection = null;
        return _listener is not null && _listener.TryAccept(out connection);
    }

    /// <summary>Active open. Ends in <see cref="SocketEvents.Connected"/> or <see cref="SocketEvents.Failed"/>.</summary>
    /// <returns>An error known at once (ENETUNREACH, EADDRNOTAVAIL, EISCONN …).</returns>
    public Errno Connect(IpEndpoint remote, Instant now)
    {
        if (_listener is not null || _connection is { State: >= TcpState.Established })
            return Errno.EISCONN;
        if (_connection is not null)
            return Errno.EALREADY;
        IpAddress destination = remote.Address;
        if (!IsV6 && !destination.IsV4)
            return Errno.EAFNOSUPPORT;
        if (V6Only && destination.IsV4)
            return Errno.ENETUNREACH;
        if (destination.IsAny)
            destination = IpAddress.LoopbackV4; // Linux: "this host"
        Errno errno = _protocol.Network.TryRoute(destination, Local.Address, out Route route);
        if (errno == Errno.None && (route.IsBroadcast || destination.IsMulticast || destination.IsLimitedBroadcast))
            errno = Errno.ENETUNREACH;
        if (errno != Errno.None)
            return errno;
        remote = remote with { Address = destination };
        errno = ClaimForConnect(route.Source, remote, out ConnectionKey key);
        if (errno != Errno.None)
            return errno;
        Local = key.Local;
        Remote = remote;
        Error = Errno.None;
        _connection = new Connection(_protocol, key, route, _claim!) { Socket = this, LastHeardAt = now };
        _claim = null; // the connection's now
        UserCalls.Open(_connection, now);
        return Errno.None;
    }

    /// <summary>
    /// Free octets at the end of the send buffer, in one piece, for the caller to fill; empty when the buffer is full
    /// (<see cref="SocketEvents.Writable"/> tells when it no longer is). May be asked for before the handshake ends.
    /// </summary>
    public Span<byte> GetSendSpan() =>
        _connection is { State: not (TcpState.Closed or TcpState.TimeWait) } connection
            ? connection.Snd.GetWriteSpan()
            : default;

    /// <summary>
    /// The same in several pieces, which one system call can fill. They are memory of fixed places: no pinning is needed.
    /// </summary>
    /// <returns>How many pieces were filled in; none when the buffer is full.</returns>
    public int GetSendPieces(Span<Memory<byte>> pieces) =>
        _connection is { State: not (TcpState.Closed or TcpState.TimeWait) } connection
            ? connection.Snd.GetWritePieces(pieces)
            : 0;

    /// <summary>
    /// Sends the first octets of what was last given by <see cref="GetSendSpan"/> or <see cref="GetSendPieces"/>; needed,
    /// be it with 0, before anything else is done with the socket.
    /// </summary>
    public void CommitSend(int lengthOctets, Instant now)
    {
        _ = now; // it leaves at the end of the batch, with what else there is by then
        if (_connection is not { State: not (TcpState.Closed or TcpState.TimeWait) } connection)
            return;
        connection.Snd.Buffer.Commit(lengthOctets);
        connection.Touch();
    }

    /// <summary>An octet that was committed is urgent: the peer is told of it before it comes (RFC 9293 §3.8.5; MSG_OOB).</summary>
    /// <param name="behind">Octets that were committed after it.</param>
    /// <param name="now">The moment.</param>
    public void MarkUrgent(int behind, Instant now)
    {
        _ = now;
        if (_connection is not { State: not (TcpState.Closed or TcpState.TimeWait) } connection)
            return;
        connection.Snd.MarkUrgent(behind);
        connection.Touch();
    }

    /// <summary>Octets accepted from the caller and not yet acknowledged by the peer.</summary>
    public int UnacknowledgedOctets => _connection?.Snd.Buffer.Length ?? 0;

    /// <summary>Sends FIN after all data (shutdown SHUT_WR, RFC 9293's CLOSE); receiving goes on.</summary>
    public void FinishSending(Instant now)
    {
        _ = now;
        if (_connection is { State: not (TcpState.Closed or TcpState.TimeWait) } connection)
            UserCalls.FinishSending(connection);
    }

    /// <summary>Received octets that wait for <see cref="Consume"/>.</summary>
    public int ReceivedOctets => _connection?.Rcv.Buffer.Length ?? 0;

    /// <summary>
    /// Received octets before the peer's last urgent octet, which may not have come yet; null if there is none, or it was consumed.
    /// </summary>
    public int? UrgentOffset => _connection?.Rcv.UrgentOffset;

    /// <summary>
    /// Lends pieces of the received data, in order, without consuming them; valid until the next call on this socket.
    /// </summary>
    /// <returns>How many pieces were written.</returns>
    public int PeekReceived(Span<ReadOnlyMemory<byte>> pieces) => _connection?.Rcv.Buffer.Peek(pieces) ?? 0;

    /// <summary>Frees received octets, which may open the window.</summary>
    public void Consume(int lengthOctets, Instant now)
    {
        if (_connection is not { } connection)
            return;
        connection.Rcv.Buffer.Consume(lengthOctets);
        connection.Rcv.OnConsumed();
        connection.Rcv.Tuning.OnConsumed(lengthOctets, connection.Snd.Rtt.Srtt, now);
        if (connection.State.MayReceive())
            connection.Touch(); // the window may open
    }

    /// <summary>
    /// The program has closed the socket: sends FIN if none was sent, discards what arrives, and answers new data with
    /// RST as Linux does. If received data is still unread, it resets at once (RFC 9293 §3.6.1's half-close
    /// rule as Linux has it, RFC 2525 §2.17). <see cref="SocketEvents.Finished"/> tells the end.
    /// </summary>
    public void Close(Instant now)
    {
        ReleaseLocal(now);
        if (_connection is { } connection)
            UserCalls.Close(connection, now);
    }

    /// <summary>Sends RST and forgets the connection (ABORT; SO_LINGER with zero).</summary>
    public void Abort(Instant now)
    {
        ReleaseLocal(now);
        if (_connection is { } connection)
            UserCalls.Abort(connection, now);
    }

    internal void OnEvents(SocketEvents events)
    {
        if (_isUnaccepted)
            _heldBack |= events;
        else
            Report(events);
    }

    internal void OnFailed(Errno error)
    {
        Error = error;
        OnEvents(SocketEvents.Failed);
    }

    /// <summary>The listener's user has it now and learns what happened meanwhile.</summary>
    internal void OnAccepted()
    {
        _isUnaccepted = false;
        if (_heldBack != SocketEvents.None)
            Report(_heldBack);
    }

    private Errno ClaimForConnect(IpAddress source, IpEndpoint remote, out ConnectionKey key)
    {
        if (_claim is not null)
        {
            key = new ConnectionKey(new IpEndpoint(source, _claim.Local.Port), remote);
            return _protocol.IsTaken(key) ? Errno.EADDRNOTAVAIL : Errno.None;
        }
        var wanted = new PortClaim { Local = new IpEndpoint(source, 0), Reuse = ReuseAddress, ReusePort = ReusePort };
        bool isFound = _protocol.Ports.TryClaimForConnect(
            wanted,
            port => _protocol.IsTaken(new ConnectionKey(new IpEndpoint(source, port), remote)),
            out PortClaim claim);
        _claim = isFound ? claim : null;
        key = new ConnectionKey(claim.Local, remote);
        return isFound ? Errno.None : Errno.EADDRNOTAVAIL;
    }

    private void ReleaseLocal(Instant now)
    {
        _listener?.Close(now);
        _listener = null;
        if (_claim is null)
            return;
        _claim.Listener = null;
        _protocol.Ports.Release(_claim);
        _claim = null;
    }
}
