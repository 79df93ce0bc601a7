using Pyco.Stack.Transport;

namespace Pyco.Stack.Sockets;

/// <summary>A UDP socket (RFC 768).</summary>
public sealed class UdpSocket : MessageSocket
{
    /// <summary>The largest payload of an IPv4 datagram: 65,535 octets less the IP and UDP headers.</summary>
    public const int MaxPayload = 65507;

    internal UdpSocket(UdpProtocol protocol, Queue<StackSocket> changed, bool isV6)
        : base(protocol, changed, isV6)
    {
    }

    private protected override int LargestMessage => MaxPayload;
}
