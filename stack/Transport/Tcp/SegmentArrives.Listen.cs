using Pyco.Stack.Internet;

namespace Pyco.Stack.Transport.Tcp;

/// <content>§3.10.7.2, LISTEN.</content>
internal static partial class SegmentArrives
{
    /// <param name="protocol">The protocol.</param>
    /// <param name="listener">Who listens.</param>
    /// <param name="key">The connection that the segment is for.</param>
    /// <param name="seg">The segment.</param>
    /// <param name="text">Its text.</param>
    /// <param name="previous">Snd.Nxt of the incarnation that has just given way in TIME-WAIT.</param>
    /// <param name="now">The moment.</param>
    public static void OnListen(
        TcpProtocol protocol,
        Listener listener,
        in ConnectionKey key,
        in Segment seg,
        SegmentText text,
        SequenceNumber? previous,
        Instant now)
    {
        if (seg.IsRst)
            return; // first
        if (seg.IsAck) // second
        {
            if (seg.IsSyn || !TryAcceptCookie(protocol, listener, key, seg, text, now))
                OnClosed(protocol, key, seg, now);
            return;
        }
        if (!seg.IsSyn) // third
            return;
        if (listener.Socket.IsStillListening is { } isStillListening && !isStillListening())
        {
            OnClosed(protocol, key, seg, now);
            return;
        }
        if (listener.IsAcceptQueueFull)
            return; // Linux drops it: the peer tries again
        if (protocol.Network.TryRoute(key.Remote.Address, key.Local.Address, out Route route) != Errno.None)
            return;
        if (listener.IsSynQueueFull && previous is null) // a cookie's number cannot be chosen
            AnswerWithCookie(protocol, listener, key, route, seg, now);
        else
            OpenPassively(protocol, listener, key, route, seg, previous, now);
    }

    private static void OpenPassively(
        TcpProtocol protocol,
        Listener listener,
        in ConnectionKey key,
        in Route route,
        in Segment seg,
        SequenceNumber? previous,
        Instant now)
    {
        Connection tcb = NewPassive(protocol, listener, key, route, seg.Seq, seg.Options, now);
        listener.AddHalfOpen(tcb);
        AnswerSyn(tcb, seg, previous, now);
    }

    private static void AnswerSyn(Connection tcb, in Segment seg, SequenceNumber? previous, Instant now)
    {
        SequenceNumber iss = tcb.Protocol.Isns.Next(tcb.Key.Local, tcb.Key.Remote, now);
        // RFC 9293 §3.6.1: larger than any that the last incarnation used, which may have outrun the clock; by Linux's margin.
        if (previous is { } last)
            iss = SequenceNumber.Later(iss, last + (Receiver.MaxUnscaledWindow + 2));
        tcb.Snd.Start(iss);
        tcb.Snd.SetInitialWindow(seg);
        tcb.State = TcpState.SynReceived;
        tcb.Protocol.Add(tcb);
        tcb.SendSyn(now);
        tcb.Touch();
    }

    private static Connection NewPassive(
        TcpProtocol protocol,
        Listener listener,
        in ConnectionKey key,
        in Route route,
        SequenceNumber irs,
        in TcpOptions options,
        Instant now)
    {
        PortClaim claim = protocol.Ports.Share(key.Local, listener.Claim);
        var tcb = new Connection(protocol, key, route, claim) { Listener = listener, LastHeardAt = now };
        Synchronize(tcb, irs, options, now);
        return tcb;
    }

    private static void Synchronize(Connection tcb, SequenceNumber irs, in TcpOptions options, Instant now)
    {
        tcb.Timestamps.Offset = tcb.Protocol.Isns.TimestampOffset(tcb.Key.Local, tcb.Key.Remote);
        tcb.Rcv.Start(irs);
        LearnSynOptions(tcb, options, now);
    }

    /// <summary>RFC 4987 §3.6: what we would have to remember goes into the sequence number and the timestamp.</summary>
    private static void AnswerWithCookie(
        TcpProtocol protocol, Listener listener, in ConnectionKey key, in Route route, in Segment seg, Instant now)
    {
        int headers = (key.Remote.Address.IsV4 ? 20 : 40) + TcpHeader.MinLength;
        ushort mss = (ushort)Math.Min(route.Mtu - headers, ushort.MaxValue);
        ushort peerMss = seg.Options.Mss ?? Sender.DefaultPeerMss;
        SequenceNumber iss = protocol.Cookies.Make(key.Local, key.Remote, seg.Seq, peerMss, now);
        TcpTimestamp? stamp = seg.Options.Timestamp;
        var clock = new Timestamps { Offset = protocol.Isns.TimestampOffset(key.Local, key.Remote) };
        var offer = new SynOffer
        {
            Mss = mss,
            IsSackOffered = stamp is not null && seg.Options.SackPermitted,
            WindowScale = stamp is not null && seg.Options.WindowScale is not null ? Receiver.OfferedScale : null,
            TimestampValue = stamp is null ? null : SynCookies.EncodeOptions(
                clock.Clock(now), seg.Options.WindowScale, seg.Options.SackPermitted, ecn: false),
            TimestampEcho = stamp?.Value ?? 0,
        };
        const TcpFlags flags = TcpFlags.Syn | TcpFlags.Ack;
        protocol.Writer.SendSyn(
            key, route, iss, seg.Seq + 1, flags, Receiver.MaxUnscaledWindow, offer,
            listener.Socket.TimeToLive, listener.Socket.TypeOfService, now);
        listener.CookiesSentAt = now;
    }

    private static bool TryAcceptCookie(
        TcpProtocol protocol,
        Listener listener,
        in ConnectionKey key,
        in Segment seg,
        SegmentText text,
        Instant now)
    {
        if (!listener.ExpectsCookies(now) ||
            !protocol.Cookies.TryCheck(key.Local, key.Remote, seg.Ack - 1, seg.Seq - 1, now, out ushort mss) ||
            protocol.Network.TryRoute(key.Remote.Address, key.Local.Address, out Route route) != Errno.None)
            return false;
        if (listener.IsAcceptQueueFull)
            return true; // dropped, like the ACK of a handshake that we remember
        Connection tcb = NewPassive(protocol, listener, key, route, seg.Seq - 1, default, now);
        tcb.Snd.PeerMss = mss;
        if (seg.Options.Timestamp is { } stamp)
        {
            SynCookies.DecodeOptions(stamp.Echo, out byte? scale, out bool sackPermitted, out _);
            tcb.Timestamps.IsOn = true;
            tcb.Timestamps.SetRecent(stamp.Value, now);
            tcb.IsSackOn = sackPermitted;
            tcb.Snd.Scale = scale ?? 0;
            tcb.Rcv.Scale = scale is null ? (byte)0 : Receiver.OfferedScale;
        }
        tcb.UpdateMss();
        tcb.Snd.Start(seg.Ack - 1);
        tcb.Snd.SetInitialWindow(seg); // the SYN's is forgotten; without WL1 no later one would count as newer
        tcb.Snd.OnSent(1, isPartial: false, isFin: false);
        tcb.Rcv.AdvertiseUnscaled();
        tcb.State = TcpState.SynReceived;
        listener.AddHalfOpen(tcb);
        protocol.Add(tcb);
        OnSynchronized(tcb, seg, text, now);
        return true;
    }
}
