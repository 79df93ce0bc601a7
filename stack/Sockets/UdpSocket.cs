using Pyco.Stack.Transport;

namespace Pyco.Stack.Sockets;

/// <summary>A UDP socket (RFC 768).</summary>
public sealed class UdpSocket : MessageSocket
{
    internal UdpSocket(UdpProtocol protocol, Queue<StackSocket> changed, bool isV6)
        : base(protocol, changed, isV6)
    {
    }
}
