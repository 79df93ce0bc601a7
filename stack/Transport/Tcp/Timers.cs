namespace Pyco.Stack.Transport.Tcp;

/// <summary>What a connection waits for; <see cref="Timeouts"/> acts on it. The delayed ACK has its own timer.</summary>
internal struct Timers
{
    /// <summary>RFC 6298 §5: the oldest octet in flight, the SYN and the FIN included, is overdue.</summary>
    public Deadline Retransmit;

    /// <summary>RFC 8985 §7.2, PTO: the tail of the flight may be lost.</summary>
    public Deadline Probe;

    /// <summary>RFC 8985 §6.2, step 5: what has not arrived by then is lost.</summary>
    public Deadline Reordering;

    /// <summary>The queue before the next hop has room again (<see cref="LocalQueueShare"/>).</summary>
    public Deadline Pace;

    /// <summary>RFC 9293 §3.8.6.1: data waits, nothing is in flight, and the window is too small.</summary>
    public Deadline Persist;

    /// <summary>RFC 9293 §3.8.4.</summary>
    public Deadline KeepAlive;

    /// <summary>How long a closed socket's connection is kept in FIN-WAIT-2.</summary>
    public Deadline Linger;

    public readonly Instant? Earliest => Instant.Earlier(
        Instant.Earlier(Instant.Earlier(Retransmit.At, Persist.At), Instant.Earlier(KeepAlive.At, Linger.At)),
        Instant.Earlier(Instant.Earlier(Probe.At, Reordering.At), Pace.At));

    public void Clear() => this = default;
}
