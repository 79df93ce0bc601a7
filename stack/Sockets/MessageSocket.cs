using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Internet;
using Pyco.Stack.Transport;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Sockets;

/// <summary>A socket that sends and receives messages, each of which is a datagram, with the connected mode of the sockets API.</summary>
public abstract class MessageSocket : StackSocket
{
    /// <summary>The largest message of any protocol: 65,535 octets less the IP header.</summary>
    public const int MaxMessage = 65515;

    /// <summary>Linux's net.core.rmem_default.</summary>
    public const int DefaultReceiveBufferOctets = 212992;

    /// <summary>
    /// What a waiting datagram counts beside its payload, so that as many small ones wait as in Linux: there the smallest
    /// has a truesize of 768 (6.1: 256 of sk_buff, 512 of data), and 277 of them fill the default buffer.
    /// </summary>
    private const int OverheadOctets = 640;

    /// <summary>Errors that wait to be taken; one more is lost.</summary>
    public const int MostQueuedErrors = 64;

    private readonly MessageProtocol _protocol;
    private readonly Queue<Datagram> _received = new();
    private Queue<DatagramError>? _errors;
    private IpAddress _boundAddress;
    private int _receivedOctets;
    private bool _isPortChosenByUs;
    private Errno _error;
    private MulticastOptions? _multicast;

    private protected MessageSocket(MessageProtocol protocol, Queue<StackSocket> changed, bool isV6)
        : base(changed)
    {
        _protocol = protocol;
        IsV6 = isV6;
        _boundAddress = Wildcard;
        Local = new IpEndpoint(Wildcard, 0);
    }

    /// <summary>
    /// SO_RCVBUF: what waiting datagrams may count together, each somewhat more than its payload, as Linux's "truesize" is.
    /// What comes beyond is dropped and counted.
    /// </summary>
    public int ReceiveBufferOctets { get; set; } = DefaultReceiveBufferOctets;

    /// <summary>
    /// IP_RECVERR: all ICMP errors are told, not only the final ones of a connected peer, and kept with what they say.
    /// </summary>
    public bool QueuesErrors
    {
        get => _errors is not null;
        set => _errors = value ? _errors ?? new() : null;
    }

    /// <summary>Datagrams dropped because nobody read in time (SO_RXQ_OVFL's counter).</summary>
    public long Dropped { get; private set; }

    /// <summary>Options and memberships; most sockets never have any.</summary>
    public MulticastOptions Multicast => _multicast ??= _protocol.NewMulticastOptions();

    public override int? PathMtu =>
        Remote is { } peer && _protocol.FindRoute(this, peer.Address, out Route route) == Errno.None ? route.Mtu : null;

    private protected abstract int LargestMessage { get; }

    private IpAddress Wildcard => IsV6 ? IpAddress.AnyV6 : IpAddress.AnyV4;

    private bool IsBound => Local.Port != 0;

    /// <summary>Binds to an address and port; port 0 chooses an ephemeral one at random (RFC 6056).</summary>
    /// <returns>EADDRINUSE, EADDRNOTAVAIL, EINVAL when already bound.</returns>
    public Errno Bind(IpEndpoint local)
    {
        if (IsBound)
            return Errno.EINVAL;
        Errno errno = _protocol.Bind(this, local);
        if (errno == Errno.None)
            (_boundAddress, _isPortChosenByUs) = (local.Address, local.Port == 0);
        return errno;
    }

    /// <summary>Sets the only peer to send to and receive from; binds first if need be.</summary>
    /// <returns>ENETUNREACH, EACCES for broadcast without SO_BROADCAST, EAFNOSUPPORT, EAGAIN without a free port.</returns>
    public Errno Connect(IpEndpoint remote)
    {
        Remote = null;
        if (IsBound)
            SetLocal(new IpEndpoint(_boundAddress, Local.Port));
        Errno errno = _protocol.FindRoute(this, remote.Address, out Route route);
        if (errno == Errno.None)
            errno = EnsureBound();
        if (errno != Errno.None)
            return errno;
        Remote = remote with { Address = route.Destination };
        if (Local.Address.IsAny)
            SetLocal(new IpEndpoint(route.Source, Local.Port));
        return Errno.None;
    }

    /// <summary>
    /// connect(AF_UNSPEC): receives from everybody again, and gives back a port that nobody asked for, connected or not (__udp_disconnect of
    /// Linux 6.1).
    /// </summary>
    public void Disconnect()
    {
        Remote = null;
        if (_isPortChosenByUs && IsBound)
            _protocol.Release(this);
        SetLocal(new IpEndpoint(_boundAddress, _isPortChosenByUs ? (ushort)0 : Local.Port));
    }

    /// <summary>Sends one datagram to the given peer, or to the connected one; the payload is lent.</summary>
    /// <returns>
    /// EDESTADDRREQ without a peer, EMSGSIZE, EACCES for broadcast without SO_BROADCAST, ENETUNREACH, or an error that
    /// an earlier datagram met on a connected socket (ECONNREFUSED …), which this call then clears.
    /// </returns>
    public Errno Send(ReadOnlySpan<byte> payload, IpEndpoint? to, Instant now) => Send(payload, to, default, now);

    /// <summary>The same with what is this datagram's own.</summary>
    /// <returns>EINVAL for a source that is not an address of this host, or what the other form returns.</returns>
    public Errno Send(ReadOnlySpan<byte> payload, IpEndpoint? to, in DatagramMarks marks, Instant now)
    {
        if (payload.Length > LargestMessage)
            return Errno.EMSGSIZE;
        if ((to ?? Remote) is not { } peer)
            return Errno.EDESTADDRREQ;
        Errno errno = TakeError();
        if (errno == Errno.None)
            errno = EnsureBound();
        return errno == Errno.None ? _protocol.Send(this, payload, peer, marks, now) : errno;
    }

    /// <summary>Takes the oldest datagram that waits. The caller owns it.</summary>
    public bool TryReceive(out Datagram datagram)
    {
        if (!_received.TryDequeue(out datagram))
            return false;
        _receivedOctets -= Charge(datagram.Frame);
        return true;
    }

    /// <summary>SO_ERROR: the error of an earlier datagram, cleared by the call.</summary>
    public Errno TakeError()
    {
        Errno error = _error;
        _error = Errno.None;
        return error;
    }

    /// <summary>Keeps an error for <see cref="TryTakeError"/>; nothing if <see cref="QueuesErrors"/> is off.</summary>
    public void Queue(DatagramError error)
    {
        if (_errors?.Count < MostQueuedErrors)
            _errors.Enqueue(error);
    }

    /// <summary>Takes the oldest error that waits; <see cref="TakeError()"/> then tells of those behind it, as in Linux.</summary>
    public bool TryTakeError([NotNullWhen(true)] out DatagramError? error)
    {
        error = null;
        if (_errors is null || !_errors.TryDequeue(out error))
            return false;
        _error = _errors.TryPeek(out DatagramError? next) ? next.Errno : Errno.None;
        return true;
    }

    /// <summary>Frees the port; waiting datagrams are dropped.</summary>
    public void Close()
    {
        if (IsBound)
            _protocol.Release(this);
        _multicast?.LeaveAll();
        Local = default;
        Remote = null;
        while (TryReceive(out Datagram datagram))
            datagram.Dispose();
    }

    internal void SetLocal(IpEndpoint local) => Local = local;

    /// <summary>Takes the datagram if there is room for it.</summary>
    internal bool TryEnqueue(in Datagram datagram)
    {
        // As Linux: one datagram always fits into an empty queue.
        if (_receivedOctets != 0 && _receivedOctets + Charge(datagram.Frame) > ReceiveBufferOctets)
        {
            Dropped++;
            return false;
        }
        _receivedOctets += Charge(datagram.Frame);
        _received.Enqueue(datagram);
        Report(SocketEvents.Readable);
        return true;
    }

    internal void Fail(Errno error)
    {
        _error = error;
        Report(SocketEvents.Failed);
    }

    /// <summary>Never less than a quarter of the memory that it really holds.</summary>
    private static int Charge(Frame payload) => Math.Max(payload.Length + OverheadOctets, payload.Capacity / 4);

    private Errno EnsureBound()
    {
        if (IsBound)
            return Errno.None;
        Errno errno = _protocol.Bind(this, new IpEndpoint(_boundAddress, 0));
        if (errno != Errno.None)
            return Errno.EAGAIN; // what Linux says when all ephemeral ports are taken
        _isPortChosenByUs = true;
        return Errno.None;
    }
}

/// <summary>A received datagram: its payload is the frame's window. Dispose it.</summary>
public readonly record struct Datagram(Frame Frame, IpEndpoint Source, IpEndpoint Destination) : IDisposable
{
    /// <summary>What the IP header said when it arrived.</summary>
    public byte TimeToLive { get; init; }

    /// <inheritdoc cref="TimeToLive"/>
    public byte TypeOfService { get; init; }

    public void Dispose() => Frame.Dispose();
}
