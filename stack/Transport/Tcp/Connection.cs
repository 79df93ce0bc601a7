using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// The transmission control block (RFC 9293 §3.3.1): what a connection is. What happens to it stands in
/// <see cref="SegmentArrives"/>, <see cref="UserCalls"/> and <see cref="Timeouts"/>; what it then sends, in
/// <see cref="Output"/>, which runs once at the end of a batch of frames and calls.
/// </summary>
internal sealed class Connection : Timed
{
    private bool _isActiveSender;
    private bool _hasLocalEcho;

    public Connection(TcpProtocol protocol, in ConnectionKey key, in Route route, PortClaim claim)
    {
        Protocol = protocol;
        Key = key;
        Claim = claim;
        Snd = new Sender(protocol.Chunks);
        Rcv = new Receiver(protocol.Chunks);
        SetRoute(route);
    }

    public TcpProtocol Protocol { get; }

    public ConnectionKey Key { get; }

    public PortClaim Claim { get; }

    public Route Route { get; private set; }

    public TcpState State { get; set; }

    public Sender Snd { get; }

    public Receiver Rcv { get; }

    /// <summary>The user's handle; null while the connection is half open and nobody has been told of it.</summary>
    public TcpSocket? Socket { get; set; }

    /// <summary>Who gets the connection when the handshake ends, for a passive open.</summary>
    public Listener? Listener { get; set; }

    public Timestamps Timestamps;

    public DelayedAck DelayedAck;

    public Timers Timers;

    /// <summary>For its part in <see cref="LocalQueues"/>.</summary>
    public RecentOctets Received;

    /// <summary>Both sides sent SACK-permitted (RFC 2018 §2).</summary>
    public bool IsSackOn { get; set; }

    /// <summary>The user has closed the socket: what still arrives has no reader.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>An ICMP error that may pass (RFC 1122 §4.2.3.9): the reason to give if the connection times out.</summary>
    public Errno SoftError { get; set; }

    /// <summary>It waits for <see cref="Output"/> at the end of the batch.</summary>
    public bool IsTouched { get; set; }

    /// <summary>When the peer last gave a sign of life.</summary>
    public Instant LastHeardAt { get; set; }

    public long RetransmittedSegments { get; set; }

    /// <summary>When we last answered a segment out of the window, RFC 5961's challenges included.</summary>
    public Instant LastOutOfWindowAckAt { get; set; }

    /// <summary>When the neighbour was last told to be alive.</summary>
    public Instant LastReachabilityHintAt { get; set; }

    /// <summary>The budget at the queue before the next hop; null where the wire pushes back.</summary>
    public LocalQueueShare? SendShare { get; private set; }

    public byte TimeToLive => Socket?.TimeToLive ?? Listener!.Socket.TimeToLive;

    public byte TypeOfService => Socket?.TypeOfService ?? Listener!.Socket.TypeOfService;

    public string CongestionControl => Socket?.CongestionControl ?? Listener?.Socket.CongestionControl ?? "cubic";

    public bool NoDelay => Socket?.NoDelay ?? false;

    public bool Cork => Socket is { Cork: true } && !Snd.IsFinQueued;

    public override Instant? NextDeadline => Instant.Earlier(Timers.Earliest, DelayedAck.Deadline);

    /// <summary>RFC 9293 §3.7.1: what we tell the peer, and what the path allows us.</summary>
    public int PathMss
    {
        get
        {
            int limit = Socket?.MaxSegmentSize ?? Listener?.Socket.MaxSegmentSize ?? int.MaxValue;
            return Math.Min(Route.Mtu - HeaderOctets, Math.Min(limit, ushort.MaxValue));
        }
    }

    public override void OnDeadline(Instant now) => Timeouts.OnDeadline(this, now);

    /// <summary>Takes the connection's segments another way, or by the same with another MTU.</summary>
    public void SetRoute(in Route route)
    {
        LeaveSendShare();
        Route = route;
        SendShare = Protocol.SendShareOf(route);
        UpdateMss();
    }

    /// <summary>Snd.Mss from the path, the peer's option and the options that every segment carries.</summary>
    public void UpdateMss()
    {
        int options = Timestamps.IsOn ? TcpOptionsWriter.TimestampLength : 0;
        Snd.SetMss(Math.Min(Snd.PeerMss, PathMss) - options, Route.MaxSuperSegment - HeaderOctets - options);
    }

    private int HeaderOctets => (Key.Remote.Address.IsV4 ? IPv4Header.MinLength : 40) + TcpHeader.MinLength;

    /// <summary>Asks for <see cref="Output"/> at the end of the batch.</summary>
    public void Touch() => Protocol.Touch(this);

    /// <summary>Tells the share whether this connection competes for the queue before the next hop.</summary>
    public void UpdateSendShare()
    {
        bool isActive = Snd.InFlight > 0 || (Snd.UnsentOctets > 0 && State.MayTransmit());
        if (isActive == _isActiveSender || SendShare is null)
            return;
        _isActiveSender = isActive;
        if (isActive)
            SendShare.Enter();
        else
            SendShare.Leave();
    }

    /// <summary>Octets that the queue before the next hop takes now (<see cref="LocalQueueShare"/>).</summary>
    public int QueueRoomOctets(Instant now)
    {
        if (SendShare is not { } share)
            return int.MaxValue;
        int frames = IsPathLocal ? share.ShareFrames() - Snd.Recovery.PipeSegments : share.BurstFrames(now);
        return frames * Snd.Mss;
    }

    /// <summary>Frames have left for the queue before the next hop.</summary>
    public void OnSent(int frames, Instant now)
    {
        if (SendShare is { } share && !IsPathLocal)
            share.OnSent(frames, now);
    }

    /// <summary>That queue is what holds us back. On a local path acknowledgements tell when it has room, else time does.</summary>
    public void WaitForQueue()
    {
        if (SendShare is { } share && !IsPathLocal)
            Timers.Pace.SetAt(share.HalfEmptyAt);
    }

    private bool IsPathLocal => _hasLocalEcho || LocalQueueShare.IsLocal(Snd.Rtt.MinRtt);

    /// <summary>On a local path our own queue at the switch limits what the peer may have under way.</summary>
    public void UpdateReceiveShare(Instant now) =>
        Rcv.ShareOctets = Route.QueueFrames is not null && IsPathLocal ? Protocol.ReceiveShareOf(this, now) : int.MaxValue;

    /// <summary>
    /// A receiver has no round trips of its own to measure but the handshake's, in which ARP or a slow start of the
    /// program may have been: a quick echo of a timestamp tells more. A slow one tells nothing.
    /// </summary>
    public void OnEcho(in Segment seg, Instant now)
    {
        if (_hasLocalEcho || !Timestamps.IsOn || seg.Options.Timestamp is not { } timestamp)
            return;
        _hasLocalEcho = Timestamps.Age(timestamp.Echo, now) is { } age && LocalQueueShare.IsLocal(age);
    }

    /// <summary>Sends the SYN or SYN-ACK for the first time.</summary>
    public void SendSyn(Instant now)
    {
        if (Snd.Nxt == Snd.Iss)
        {
            Snd.OnSent(1, isPartial: false, isFin: false);
            Snd.Rtt.StartTiming(Snd.Nxt, now);
            Snd.ProgressAt = now;
        }
        Protocol.Writer.SendSyn(this, now);
        Timers.Retransmit.Set(now, Snd.Rtt.Rto);
    }

    /// <summary>Asks for the way again: it may have changed since nothing comes back.</summary>
    public void Reroute()
    {
        if (Protocol.Network.TryRoute(Key.Remote.Address, Key.Local.Address, out Route route) == Errno.None && route != Route)
            SetRoute(route);
    }

    public void LeaveSendShare()
    {
        if (_isActiveSender)
            SendShare?.Leave();
        _isActiveSender = false;
    }

    public void Report(SocketEvents events) => Socket?.OnEvents(events);
}
