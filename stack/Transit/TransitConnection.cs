using System.Buffers.Binary;
using Pyco.Stack.Internet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Transport.Tcp;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transit;

/// <summary>
/// A host's attempt to connect to somebody beyond us. Its SYN stays unanswered until the owner knows what to say, so that
/// the host's program sees what it would see without us in between. One of the methods is called, once.
/// </summary>
public sealed class TransitConnection
{
    private readonly TransitTraffic _owner;
    private readonly TcpProtocol _tcp;
    private readonly SequenceNumber? _previous;
    private Segment _syn;
    private bool _isOver;

    internal TransitConnection(
        TransitTraffic owner, TcpProtocol tcp, in ConnectionKey key, in Segment syn, SequenceNumber? previous)
    {
        (_owner, _tcp, _syn, _previous) = (owner, tcp, syn, previous);
        Key = key;
    }

    /// <summary>Who wants to connect.</summary>
    public IpEndpoint Source => Key.Remote;

    /// <summary>To whom.</summary>
    public IpEndpoint Destination => Key.Local;

    internal ConnectionKey Key { get; }

    /// <summary>
    /// Answers the SYN. The socket's events tell that the handshake has ended (Connected) or was given up (Failed).
    /// </summary>
    /// <returns>Null if there is no way to the host any more.</returns>
    public TcpSocket? Accept(Instant now) => TryEnd() ? SegmentArrives.OpenTransit(_tcp, Key, _syn, _previous, now) : null;

    /// <summary>Answers with RST: nobody listens there.</summary>
    public void Refuse(Instant now)
    {
        if (TryEnd())
            SegmentArrives.OnClosed(_tcp, Key, _syn, now);
    }

    /// <summary>Answers with an ICMP error, or with RST where the rate limit of such errors holds it back.</summary>
    public void Refuse(UnreachableReason reason, Instant now)
    {
        if (!TryEnd())
            return;
        // Ports and sequence number, by which the host's TCP knows its own SYN again (RFC 5927 §4.1).
        Span<byte> quote = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16BigEndian(quote, Source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(quote[2..], Destination.Port);
        BinaryPrimitives.WriteUInt32BigEndian(quote[4..], _syn.Seq.Value);
        PacketInfo packet = new(Source.Address, Destination.Address, IpProtocol.Tcp) { DontFragment = true };
        if (!_owner.SendUnreachable(packet, quote, reason, now))
            SegmentArrives.OnClosed(_tcp, Key, _syn, now);
    }

    /// <summary>Leaves the SYN unanswered, as if it had been lost; the next one is a new attempt.</summary>
    public void Drop() => TryEnd();

    /// <summary>The SYN came again; with another sequence number it is another attempt with the same ports.</summary>
    internal void OnSynAgain(in Segment syn) => _syn = syn;

    private bool TryEnd()
    {
        if (_isOver)
            return false;
        _isOver = true;
        _owner.Forget(this);
        return true;
    }
}
