using Pyco.Stack.Internet;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>What ICMP errors do to a connection (RFC 9293 §3.9.2.2, RFC 5461).</summary>
internal static class IcmpErrors
{
    public static void On(Connection tcb, in IcmpError error, SequenceNumber seq, Instant now)
    {
        if (error.Mtu is { } mtu)
        {
            OnTooBig(tcb, mtu, seq, now);
            return;
        }
        if (tcb.State == TcpState.SynSent)
        {
            // Every unreachable ends an attempt: programs try the next address (RFC 5461 §4.1, as Linux's tcp_v4_err).
            UserCalls.Fail(tcb, error.Errno);
            return;
        }
        tcb.SoftError = error.Errno; // even "hard" errors do not kill what works (RFC 5461 §4.2)
    }

    /// <summary>RFC 1191: segments become smaller, and the one that was too big goes out again at once.</summary>
    private static void OnTooBig(Connection tcb, int mtu, SequenceNumber seq, Instant now)
    {
        if (mtu >= tcb.Route.Mtu)
            return;
        tcb.Protocol.Network.ReportPathMtu(tcb.Key.Remote.Address, mtu, now);
        tcb.Reroute();
        if (!tcb.State.IsSynchronized() || seq - tcb.Snd.Una < 0)
            return;
        tcb.Snd.Recovery.Congestion.SetSegmentSize(tcb.Snd.Mss);
        tcb.Snd.Recovery.OnPathMtuDecreased(tcb);
        tcb.Touch();
    }
}
