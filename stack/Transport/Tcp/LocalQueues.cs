using Pyco.Stack.Internet;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>The queues that <see cref="LocalQueueShare"/> is about: one before each next hop, and our own.</summary>
internal sealed class LocalQueues
{
    /// <summary>A connection from which nothing came for so long takes no part in the receivers' share.</summary>
    private static readonly TimeSpan ReceiverMemory = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<IpAddress, LocalQueueShare> _toNextHop = [];
    private readonly List<Connection> _receivers = [];
    private LocalQueueShare? _own;
    private Instant _prunedAt;

    public LocalQueueShare? SendShareOf(in Route route)
    {
        if (route.QueueOctets is not { } octets)
            return null;
        if (!_toNextHop.TryGetValue(route.NextHop, out LocalQueueShare? share))
            _toNextHop.Add(route.NextHop, share = new LocalQueueShare(octets));
        return share;
    }

    /// <summary>Data arrived on the connection.</summary>
    public void NoteReceiver(Connection connection, Instant now)
    {
        if (connection.Route.QueueOctets is not { } octets)
            return;
        _own ??= new LocalQueueShare(octets);
        if (!connection.IsActiveReceiver)
        {
            connection.IsActiveReceiver = true;
            _receivers.Add(connection);
            _own.Enter();
        }
        if (now - _prunedAt >= ReceiverMemory)
            Prune(now);
    }

    /// <summary>The window that one connection may offer; without traffic, that of one more receiver.</summary>
    public int ReceiveShareOf(Connection connection, Instant now)
    {
        if (_own is null)
            return int.MaxValue;
        if (_receivers.Count > 0 && now - _prunedAt >= ReceiverMemory)
            Prune(now);
        return _own.ShareOctets(connection.Rcv.SegmentSize);
    }

    private void Prune(Instant now)
    {
        _prunedAt = now;
        for (int index = _receivers.Count - 1; index >= 0; index--)
        {
            Connection receiver = _receivers[index];
            if (receiver.State.MayReceive() && now - receiver.LastDataAt < ReceiverMemory)
                continue;
            receiver.IsActiveReceiver = false;
            _receivers.RemoveAt(index);
            _own!.Leave();
        }
    }
}
