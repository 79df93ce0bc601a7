namespace Pyco.Stack.Transport.Tcp;

/// <summary>RFC 9293 §3.3.2. LISTEN is a <see cref="Listener"/>, and most of TIME-WAIT a <see cref="TimeWaitEntry"/>.</summary>
internal enum TcpState
{
    Closed,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

/// <summary>What the states mean for others than the state machine.</summary>
internal static class TcpStates
{
    /// <summary>The peer's sequence numbers are known and the handshake is over.</summary>
    public static bool IsSynchronized(this TcpState state) => state >= TcpState.Established;

    /// <summary>Text from the peer is welcome (RFC 9293 §3.10.7.4, seventh step).</summary>
    public static bool MayReceive(this TcpState state) =>
        state is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2;

    /// <summary>Data or the FIN may still have to be sent, once or again.</summary>
    public static bool MayTransmit(this TcpState state) => state is TcpState.Established or TcpState.CloseWait
        or TcpState.FinWait1 or TcpState.Closing or TcpState.LastAck;

    /// <summary>The state's name as RFC 9293 and ss(8) write it.</summary>
    public static string Name(this TcpState state) => state switch
    {
        TcpState.SynSent => "SYN-SENT",
        TcpState.SynReceived => "SYN-RECEIVED",
        TcpState.Established => "ESTABLISHED",
        TcpState.FinWait1 => "FIN-WAIT-1",
        TcpState.FinWait2 => "FIN-WAIT-2",
        TcpState.CloseWait => "CLOSE-WAIT",
        TcpState.Closing => "CLOSING",
        TcpState.LastAck => "LAST-ACK",
        TcpState.TimeWait => "TIME-WAIT",
        _ => "CLOSED",
    };

    /// <summary>The state's number as Linux's TCP_INFO tells it (include/net/tcp_states.h).</summary>
    public static byte Number(this TcpState state) => state switch
    {
        TcpState.Established => 1,
        TcpState.SynSent => 2,
        TcpState.SynReceived => 3,
        TcpState.FinWait1 => 4,
        TcpState.FinWait2 => 5,
        TcpState.TimeWait => 6,
        TcpState.CloseWait => 8,
        TcpState.LastAck => 9,
        TcpState.Closing => 11,
        _ => 7,
    };
}
