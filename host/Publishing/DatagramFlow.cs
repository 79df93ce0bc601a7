using Pyco.Host.Bridge;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Publishing;

/// <summary>What one peer outside and the program say to each other.</summary>
internal sealed class DatagramFlow : IStackSocketOwner
{
    private readonly PublishedDatagrams _owner;
    private bool _hasEnded;

    public DatagramFlow(PublishedDatagrams owner, UdpSocket udp, in OutsidePath path, Instant now)
    {
        _owner = owner;
        Udp = udp;
        Udp.Owner = this;
        Path = path;
        LastUse = now;
        Place = new LinkedListNode<DatagramFlow>(this);
    }

    /// <summary>The peer as the program sees it.</summary>
    public UdpSocket Udp { get; }

    public OutsidePath Path { get; }

    public Instant LastUse { get; set; }

    /// <summary>Its place among the flows, the longest idle first.</summary>
    public LinkedListNode<DatagramFlow> Place { get; }

    public void OnStackEvents(SocketEvents events, Instant now)
    {
        if (_hasEnded)
            return;
        // Nobody listens, at the moment: the peer cannot be told, and the next datagram must not meet this error.
        _ = Udp.TakeError();
        while (Udp.TryReceive(out Datagram datagram))
        {
            using (datagram)
                _owner.Answer(this, datagram.Frame.Octets, now);
        }
    }

    public void End()
    {
        _hasEnded = true;
        Udp.Close();
    }
}
