using Pyco.Stack.Wire;

namespace Pyco.Stack.Sockets;

/// <summary>
/// A TCP socket (RFC 9293 §3.9.1's user calls in the shape of the sockets API). All calls return at once; what they
/// lead to is told by <see cref="StackSocket.TakeEvents"/>.
/// </summary>
public sealed class TcpSocket : StackSocket
{
    internal TcpSocket(Queue<StackSocket> changed)
        : base(changed)
    {
    }

    /// <summary>Why the connection failed (ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH …), or None.</summary>
    public Errno Error { get; }

    /// <summary>TCP_NODELAY: switches Nagle's algorithm off (RFC 9293 §3.7.4).</summary>
    public bool NoDelay { get; set; }

    /// <summary>TCP_CORK: holds partial segments back.</summary>
    public bool Cork { get; set; }

    /// <summary>SO_KEEPALIVE.</summary>
    public bool KeepAlive { get; set; }

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

    public bool IsListening => throw new NotImplementedException();

    /// <summary>The RFC 9293 state's name, for people.</summary>
    public string StateName => throw new NotImplementedException();

    /// <summary>Binds; port 0 chooses an ephemeral one at random (RFC 6056).</summary>
    /// <returns>EADDRINUSE, EADDRNOTAVAIL, EINVAL when already bound.</returns>
    public Errno Bind(IpEndpoint local) => throw new NotImplementedException();

    /// <summary>Passive open. A second call changes the backlog.</summary>
    public Errno Listen(int backlog) => throw new NotImplementedException();

    /// <summary>Takes an established connection from the listener's queue.</summary>
    public bool TryAccept(out TcpSocket? connection) => throw new NotImplementedException();

    /// <summary>Active open. Ends in <see cref="SocketEvents.Connected"/> or <see cref="SocketEvents.Failed"/>.</summary>
    /// <returns>An error known at once (ENETUNREACH, EADDRNOTAVAIL, EISCONN …).</returns>
    public Errno Connect(IpEndpoint remote, Instant now) => throw new NotImplementedException();

    /// <summary>
    /// Free octets at the end of the send buffer, in one piece, for the caller to fill; empty when the buffer is full
    /// (<see cref="SocketEvents.Writable"/> tells when it no longer is). May be asked for before the handshake ends.
    /// </summary>
    public Span<byte> GetSendSpan() => throw new NotImplementedException();

    /// <summary>Sends the first octets of the span last given by <see cref="GetSendSpan"/>.</summary>
    public void CommitSend(int lengthOctets, Instant now) => throw new NotImplementedException();

    /// <summary>Octets accepted from the caller and not yet acknowledged by the peer.</summary>
    public int UnacknowledgedOctets => throw new NotImplementedException();

    /// <summary>Sends FIN after all data (shutdown SHUT_WR, RFC 9293's CLOSE); receiving goes on.</summary>
    public void FinishSending(Instant now) => throw new NotImplementedException();

    /// <summary>Received octets that wait for <see cref="Consume"/>.</summary>
    public int ReceivedOctets => throw new NotImplementedException();

    /// <summary>
    /// Lends pieces of the received data, in order, without consuming them; valid until the next call on this socket.
    /// </summary>
    /// <returns>How many pieces were written.</returns>
    public int PeekReceived(Span<ReadOnlyMemory<byte>> pieces) => throw new NotImplementedException();

    /// <summary>Frees received octets, which may open the window.</summary>
    public void Consume(int lengthOctets, Instant now) => throw new NotImplementedException();

    /// <summary>
    /// The program has closed the socket: sends FIN if none was sent, discards what arrives, and answers new data with
    /// RST as Linux does. If received data is still unread, it resets at once (RFC 9293 §3.6.1's half-close
    /// rule as Linux has it, RFC 2525 §2.17). <see cref="SocketEvents.Finished"/> tells the end.
    /// </summary>
    public void Close(Instant now) => throw new NotImplementedException();

    /// <summary>Sends RST and forgets the connection (ABORT; SO_LINGER with zero).</summary>
    public void Abort(Instant now) => throw new NotImplementedException();
}
