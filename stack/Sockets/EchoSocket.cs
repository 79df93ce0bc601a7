using Pyco.Stack.Transport;

namespace Pyco.Stack.Sockets;

/// <summary>
/// A socket for ICMP echo, of SOCK_DGRAM and IPPROTO_ICMP (icmp(7)): its messages are echo requests and the replies to them, ICMP
/// header included. The port of its local endpoint is the identifier (RFC 792), which the stack writes into what is sent;
/// those of peers mean nothing.
/// </summary>
public sealed class EchoSocket : MessageSocket
{
    internal EchoSocket(EchoProtocol protocol, Queue<StackSocket> changed)
        : base(protocol, changed, isV6: false)
    {
        ReuseAddress = true; // Linux's default for these (INET_PROTOSW_REUSE)
    }

    private protected override int LargestMessage => MaxMessage;
}
