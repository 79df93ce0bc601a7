namespace Pyco.Stack.Sockets;

/// <summary>What has changed on a socket since its owner last took its events.</summary>
[Flags]
public enum SocketEvents
{
    None = 0,

    /// <summary>The handshake that <c>Connect</c> began has ended well.</summary>
    Connected = 1,

    /// <summary>Data or a datagram can be read.</summary>
    Readable = 2,

    /// <summary>Send space has become free after there was too little.</summary>
    Writable = 4,

    /// <summary>The peer sent FIN and all data before it has arrived (it may still be unread).</summary>
    PeerFinished = 8,

    /// <summary>A listener has a connection to accept.</summary>
    Acceptable = 16,

    /// <summary>The socket failed: <c>Error</c> says why, and for TCP the connection is gone.</summary>
    Failed = 32,

    /// <summary>TCP has nothing left to do for this socket: all sent data and the FIN are acknowledged, or TIME-WAIT began.</summary>
    Finished = 64,
}
