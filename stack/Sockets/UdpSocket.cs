using Pyco.Stack.Wire;

namespace Pyco.Stack.Sockets;

/// <summary>A UDP socket (RFC 768), with the connected mode of the sockets API.</summary>
public sealed class UdpSocket : StackSocket
{
    /// <summary>The largest payload of an IPv4 datagram: 65,535 less the IP and UDP headers.</summary>
    public const int MaxPayload = 65507;

    internal UdpSocket(Queue<StackSocket> changed)
        : base(changed)
    {
    }

    /// <summary>Binds to an address and port; port 0 chooses an ephemeral one at random (RFC 6056).</summary>
    /// <returns>EADDRINUSE, EADDRNOTAVAIL, EINVAL when already bound.</returns>
    public Errno Bind(IpEndpoint local) => throw new NotImplementedException();

    /// <summary>Sets the only peer to send to and receive from; binds first if need be.</summary>
    public Errno Connect(IpEndpoint remote) => throw new NotImplementedException();

    /// <summary>connect(AF_UNSPEC): receives from everybody again.</summary>
    public void Disconnect() => throw new NotImplementedException();

    /// <summary>Sends one datagram to the given peer, or to the connected one; the payload is lent.</summary>
    /// <returns>
    /// EDESTADDRREQ without a peer, EMSGSIZE, EACCES for broadcast without SO_BROADCAST, ENETUNREACH, or an error that
    /// an earlier datagram met on a connected socket (ECONNREFUSED …), which this call then clears.
    /// </returns>
    public Errno Send(ReadOnlySpan<byte> payload, IpEndpoint? to, Instant now) => throw new NotImplementedException();

    /// <summary>Takes the oldest datagram that waits. The caller owns it.</summary>
    public bool TryReceive(out Datagram datagram) => throw new NotImplementedException();

    /// <summary>SO_ERROR: the error of an earlier datagram, cleared by the call.</summary>
    public Errno TakeError() => throw new NotImplementedException();

    /// <summary>Frees the port; waiting datagrams are dropped.</summary>
    public void Close() => throw new NotImplementedException();
}

/// <summary>A received datagram: its payload is the frame's window. Dispose it.</summary>
public readonly record struct Datagram(Frame Frame, IpEndpoint Source, IpEndpoint Destination) : IDisposable
{
    public void Dispose() => Frame.Dispose();
}
