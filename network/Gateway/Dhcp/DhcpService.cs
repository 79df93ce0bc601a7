using Pyco.Host.Bridge;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway.Dhcp;

/// <summary>The DHCP server at its port of the gateway's stack.</summary>
internal sealed class DhcpService : IStackSocketOwner
{
    private const ushort ServerPort = 67;
    private const ushort ClientPort = 68;

    private readonly UdpSocket _socket;
    private readonly DhcpServer _server;
    private readonly NameServer _nameServer;

    public DhcpService(NetworkStack stack, DhcpServer server, NameServer nameServer)
    {
        _server = server;
        _nameServer = nameServer;
        _socket = stack.OpenUdp();
        _socket.Owner = this;
        _socket.AllowBroadcast = true;
        _socket.Bind(new IpEndpoint(IpAddress.AnyV4, ServerPort));
    }

    public void OnStackEvents(SocketEvents events, Instant now)
    {
        while (_socket.TryReceive(out Datagram datagram))
        {
            using (datagram)
                Receive(datagram, now);
        }
    }

    public void Close() => _socket.Close();

    private void Receive(in Datagram datagram, Instant now)
    {
        bool isForUs = datagram.Destination.Address.IsLimitedBroadcast || datagram.Destination.Address == _server.Settings.Server ||
            datagram.Destination.Address == _server.Settings.Subnet.DirectedBroadcast;
        if (!isForUs || !DhcpMessage.TryParse(datagram.Frame.Octets, out DhcpMessage? message) ||
            _server.Receive(message, now) is not { } reply)
            return;
        // Names are asked for at the gateway, which passes the question on.
        IpAddress? nameServer = _nameServer.Current(now) is null ? null : _server.Settings.Server;
        _socket.Send(reply.Write(_server.Settings, nameServer), new IpEndpoint(reply.Destination, ClientPort), now);
    }
}
