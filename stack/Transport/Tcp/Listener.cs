using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Sockets;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>The LISTEN state (RFC 9293 §3.3.2): two bounded queues, as listen(2) describes them for Linux.</summary>
internal sealed class Listener(TcpSocket socket, PortClaim claim)
{
    private readonly Queue<Connection> _accepted = new();

    /// <summary>Connections in SYN-RECEIVED, and those whose last ACK found the accept queue full.</summary>
    private readonly HashSet<Connection> _halfOpen = [];

    private int _backlog;

    public TcpSocket Socket { get; } = socket;

    public PortClaim Claim { get; } = claim;

    /// <summary>Like Linux, zero admits one.</summary>
    public int Backlog
    {
        get => _backlog;
        set => _backlog = value < 0 ? MaxBacklog : Math.Min(value, MaxBacklog);
    }

    /// <summary>When a SYN was last answered with a cookie: only then an ACK out of nowhere can bring one back.</summary>
    public Instant? CookiesSentAt { get; set; }

    public bool IsAcceptQueueFull => _accepted.Count > Backlog;

    /// <summary>From here on SYNs are answered with cookies (RFC 4987 §3.6).</summary>
    public bool IsSynQueueFull => _halfOpen.Count >= Math.Max(Backlog, MinSynQueue);

    /// <summary>Linux's net.core.somaxconn.</summary>
    private static int MaxBacklog => 4096;

    /// <summary>A small backlog is about programs that accept slowly, not about slow handshakes.</summary>
    private static int MinSynQueue => 128;

    public bool ExpectsCookies(Instant now) => CookiesSentAt is { } at && now - at < SynCookies.Lifetime;

    public void AddHalfOpen(Connection connection) => _halfOpen.Add(connection);

    public void RemoveHalfOpen(Connection connection) => _halfOpen.Remove(connection);

    public void Enqueue(Connection connection)
    {
        _halfOpen.Remove(connection);
        _accepted.Enqueue(connection);
        Socket.OnEvents(SocketEvents.Acceptable);
    }

    public bool TryAccept([NotNullWhen(true)] out TcpSocket? socket)
    {
        bool found = _accepted.TryDequeue(out Connection? connection);
        socket = connection?.Socket;
        if (connection is not null)
            connection.Listener = null;
        socket?.OnAccepted();
        return found;
    }

    /// <summary>Nobody will accept: half-open connections are forgotten, finished ones reset (as Linux does).</summary>
    public void Close(Instant now)
    {
        foreach (Connection connection in _halfOpen.ToArray())
            connection.Protocol.Forget(connection);
        _halfOpen.Clear();
        while (_accepted.TryDequeue(out Connection? connection))
            UserCalls.Abort(connection, now);
    }
}
