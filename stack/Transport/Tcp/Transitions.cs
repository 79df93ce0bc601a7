namespace Pyco.Stack.Transport.Tcp;

/// <summary>The arrows of RFC 9293 §3.3.2's diagram that lead from one living state to another.</summary>
internal static class Transitions
{
    /// <summary>The user has no more to send (RFC 9293 §3.10.4, CLOSE).</summary>
    public static TcpState OnClose(TcpState state) => state switch
    {
        TcpState.Established => TcpState.FinWait1,
        TcpState.CloseWait => TcpState.LastAck,
        _ => state, // during the handshake the FIN is queued until its end; the others have closed already
    };

    /// <summary>The peer acknowledged our FIN (RFC 9293 §3.10.7.4, fifth step).</summary>
    public static TcpState OnFinAcked(TcpState state) => state switch
    {
        TcpState.FinWait1 => TcpState.FinWait2,
        TcpState.Closing => TcpState.TimeWait,
        TcpState.LastAck => TcpState.Closed,
        _ => state,
    };

    /// <summary>What the peer's FIN does to the state (RFC 9293 §3.10.7.4, eighth step).</summary>
    public static TcpState OnFin(TcpState state, bool ourFinIsAcked) => state switch
    {
        TcpState.SynReceived or TcpState.Established => TcpState.CloseWait,
        TcpState.FinWait1 => ourFinIsAcked ? TcpState.TimeWait : TcpState.Closing,
        TcpState.FinWait2 => TcpState.TimeWait,
        _ => state, // no arrow here
    };
}
