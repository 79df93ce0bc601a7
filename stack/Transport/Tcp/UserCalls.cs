using Pyco.Stack.Sockets;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>RFC 9293 §3.10.1 to §3.10.5: what the user asks of a connection that exists.</summary>
internal static class UserCalls
{
    /// <summary>OPEN, active (§3.10.1).</summary>
    public static void Open(Connection tcb, Instant now)
    {
        TcpProtocol protocol = tcb.Protocol;
        ConnectionKey key = tcb.Key;
        tcb.Timestamps.Offset = protocol.Isns.TimestampOffset(key.Local, key.Remote);
        tcb.Snd.Start(protocol.Isns.Next(key.Local, key.Remote, now));
        tcb.State = TcpState.SynSent;
        protocol.Add(tcb);
        tcb.SendSyn(now);
        tcb.Touch();
    }

    /// <summary>CLOSE (§3.10.4): no more will be sent.</summary>
    public static void FinishSending(Connection tcb)
    {
        if (tcb.Snd.IsFinQueued)
            return;
        tcb.Snd.IsFinQueued = true;
        tcb.State = Transitions.OnClose(tcb.State);
        tcb.Touch();
    }

    /// <summary>close(2): nobody will send or read any more.</summary>
    public static void Close(Connection tcb, Instant now)
    {
        if (tcb.IsOrphan)
            return;
        tcb.IsOrphan = true;
        bool hasUnread = tcb.Rcv.Buffer.Length > 0;
        tcb.Rcv.Close();
        switch (tcb.State)
        {
            case TcpState.SynSent:
                tcb.Protocol.Forget(tcb);
                tcb.Report(SocketEvents.Finished);
                break;
            case TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 or TcpState.CloseWait when hasUnread:
                // RFC 2525 §2.17, RFC 9293 §3.6.1: data is lost and the peer must learn of it.
                Abort(tcb, now);
                break;
            case TcpState.FinWait2:
                tcb.Timers.Linger.Set(now, Timeouts.FinWait2Limit);
                tcb.Report(SocketEvents.Finished);
                tcb.Touch();
                break;
            default:
                FinishSending(tcb);
                break;
        }
    }

    /// <summary>ABORT (§3.10.5).</summary>
    public static void Abort(Connection tcb, Instant now)
    {
        if (tcb.State is TcpState.SynReceived or TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2
            or TcpState.CloseWait)
            SendReset(tcb, now);
        tcb.Protocol.Forget(tcb);
        tcb.Rcv.Close();
        tcb.Report(SocketEvents.Finished);
    }

    /// <summary>The connection ends with an error, and nothing is sent.</summary>
    public static void Fail(Connection tcb, Errno error)
    {
        tcb.Protocol.Forget(tcb);
        tcb.Socket?.OnFailed(error);
    }

    public static void SendReset(Connection tcb, Instant now) =>
        tcb.Protocol.Writer.Send(tcb, tcb.Snd.Nxt, TcpFlags.Rst, 0, now);
}
