namespace Pyco.Stack.Transport.Tcp;

/// <summary>What a connection waits for; <see cref="Timeouts"/> acts on it. The delayed ACK has its own timer.</summary>
internal struct Timers
{
    /// <summary>RFC 6298 §5: the oldest octet in flight, the SYN and the FIN included, is overdue.</summary>
    public Deadline Retransmit;

    /// <summary>RFC 9293 §3.8.6.1: data waits, nothing is in flight, and the window is too small.</summary>
    public Deadline Persist;

    /// <summary>RFC 9293 §3.8.4.</summary>
    public Deadline KeepAlive;

    /// <summary>How long a closed socket's connection is kept in FIN-WAIT-2.</summary>
    public Deadline Linger;

    public readonly Instant? Earliest => Instant.Earlier(
        Instant.Earlier(Retransmit.At, Persist.At), Instant.Earlier(KeepAlive.At, Linger.At));

    public void Clear() => this = default;
}
