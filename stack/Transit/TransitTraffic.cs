using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transport;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transit;

/// <summary>
/// What hosts send through a transparent stack because it is their router, and what they send to its own ports that no
/// socket has. The owner takes it and answers in the name of whom it was sent to, as Linux's IP_TRANSPARENT allows.
/// </summary>
public sealed class TransitTraffic
{
    /// <summary>Connections that the owner has not answered yet; the SYN of one more is lost, and comes again.</summary>
    public const int MostPending = 4096;

    /// <summary>Datagrams and echo requests that wait for the owner to take them.</summary>
    private const int MostWaiting = 1024;

    private readonly InternetLayer _internet;
    private readonly TcpProtocol _tcp;
    private readonly UdpProtocol _udp;
    private readonly StackCounters _counters;
    private readonly Dictionary<ConnectionKey, TransitConnection> _pending = [];
    private readonly Queue<TransitConnection> _connections = new();
    private readonly Queue<Datagram> _datagrams = new();
    private readonly Queue<TransitEcho> _echoes = new();

    internal TransitTraffic(InternetLayer internet, TcpProtocol tcp, UdpProtocol udp, StackCounters counters)
    {
        (_internet, _tcp, _udp, _counters) = (internet, tcp, udp, counters);
        (internet.Transit, tcp.Transit, udp.Transit) = (this, this, this);
    }

    /// <summary>Takes the next host that wants a connection. It knows nothing of us until it is answered.</summary>
    public bool TryTakeConnection([NotNullWhen(true)] out TransitConnection? connection) =>
        _connections.TryDequeue(out connection);

    /// <summary>Takes the next datagram. The caller owns it.</summary>
    public bool TryTakeDatagram(out Datagram datagram) => _datagrams.TryDequeue(out datagram);

    /// <summary>Takes the next echo request. The caller owns it.</summary>
    public bool TryTakeEcho(out TransitEcho echo) => _echoes.TryDequeue(out echo);

    /// <summary>Sends a datagram to a host as if <paramref name="from"/> had; the payload is lent.</summary>
    /// <returns>EMSGSIZE, ENETUNREACH if the host is not on our subnets.</returns>
    public Errno SendDatagram(ReadOnlySpan<byte> payload, IpEndpoint from, IpEndpoint to, Instant now)
    {
        const byte timeToLive = 64;
        return payload.Length > UdpSocket.MaxPayload ? Errno.EMSGSIZE
            : _internet.TryRoute(to.Address, from.Address, out Route route) is not Errno.None and Errno errno ? errno
            : route.IsBroadcast || route.IsLoopback ? Errno.ENETUNREACH
            : _udp.Send(route, from.Port, to.Port, payload, timeToLive, typeOfService: 0, now);
    }

    /// <summary>Sends an echo reply to a host as if <paramref name="from"/> had.</summary>
    /// <param name="message">The ICMP message; its type and checksum are filled in here.</param>
    /// <param name="from">Who was asked.</param>
    /// <param name="to">Who has asked.</param>
    /// <param name="now">The moment.</param>
    public void SendEchoReply(ReadOnlySpan<byte> message, IpAddress from, IpAddress to, Instant now) =>
        _internet.SendTransitEchoReply(message, from, to, now);

    /// <summary>Tells a host that its datagram came to nothing.</summary>
    /// <param name="source">Who sent it.</param>
    /// <param name="destination">To whom.</param>
    /// <param name="payloadOctets">How long it was.</param>
    /// <param name="reason">Why.</param>
    /// <param name="now">The moment.</param>
    /// <returns>False if the rate limit of ICMP errors has held it back.</returns>
    public bool Refuse(IpEndpoint source, IpEndpoint destination, int payloadOctets, UnreachableReason reason, Instant now)
    {
        // The datagram itself may be long gone; hosts look at its addresses and ports (RFC 1122 §3.2.2).
        Span<byte> header = stackalloc byte[UdpHeader.Length];
        header.Clear();
        UdpHeader.WritePorts(header, source.Port, destination.Port, UdpHeader.Length + payloadOctets);
        return _internet.SendTransitUnreachable(
            new PacketInfo(source.Address, destination.Address, IpProtocol.Udp), header, reason, now);
    }

    /// <summary>Tells a host that its echo request came to nothing.</summary>
    /// <returns>False if the rate limit of ICMP errors has held it back.</returns>
    public bool Refuse(in TransitEcho echo, UnreachableReason reason, Instant now) => _internet.SendTransitUnreachable(
        new PacketInfo(echo.Source, echo.Destination, IpProtocol.Icmp), echo.Frame.Octets[..IcmpHeader.Length], reason, now);

    /// <summary>A SYN that no socket here is for.</summary>
    internal void OnSyn(in ConnectionKey key, in Segment seg, SequenceNumber? previous)
    {
        if (_pending.TryGetValue(key, out TransitConnection? known))
        {
            known.OnSynAgain(seg);
            return;
        }
        if (_pending.Count >= MostPending)
        {
            _counters.Drop(DropReason.TransitQueueFull);
            return;
        }
        TransitConnection connection = new(this, _tcp, key, seg, previous);
        _pending.Add(key, connection);
        _connections.Enqueue(connection);
    }

    /// <summary>Takes a frame whose window is a datagram's payload.</summary>
    internal void OnDatagram(Frame payload, IpEndpoint source, IpEndpoint destination)
    {
        if (_datagrams.Count >= MostWaiting)
            _counters.Drop(payload, DropReason.TransitQueueFull);
        else
            _datagrams.Enqueue(new Datagram(payload, source, destination));
    }

    /// <summary>Takes a frame whose window is a checked echo request.</summary>
    internal void OnEcho(Frame message, IpAddress source, IpAddress destination)
    {
        if (_echoes.Count >= MostWaiting)
            _counters.Drop(message, DropReason.TransitQueueFull);
        else
            _echoes.Enqueue(new TransitEcho(message, source, destination));
    }

    internal void Forget(TransitConnection connection) => _pending.Remove(connection.Key);

    internal bool SendUnreachable(in PacketInfo packet, ReadOnlySpan<byte> transportOctets, UnreachableReason reason, Instant now) =>
        _internet.SendTransitUnreachable(packet, transportOctets, reason, now);

    /// <summary>Drops all that waits.</summary>
    internal void ShutDown()
    {
        while (_datagrams.TryDequeue(out Datagram datagram))
            _counters.Drop(datagram.Frame, DropReason.ShutDown);
        while (_echoes.TryDequeue(out TransitEcho echo))
            _counters.Drop(echo.Frame, DropReason.ShutDown);
        _connections.Clear();
        _pending.Clear();
    }
}

/// <summary>Why something cannot be reached: the codes of ICMP's destination unreachable (RFC 792, RFC 1812 §5.2.7.1).</summary>
public enum UnreachableReason
{
    Network = 0,
    Host = 1,
    Port = 3,

    /// <summary>Communication administratively prohibited.</summary>
    Prohibited = 13,
}
