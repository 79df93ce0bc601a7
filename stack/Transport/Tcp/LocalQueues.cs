using Pyco.Stack.Internet;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>The queues that <see cref="LocalQueueShare"/> is about: one before each next hop, and our own.</summary>
internal sealed class LocalQueues
{
    /// <summary>What has arrived is counted in periods of this length.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Octets in one period that make a connection one of those which fill the queue: about an initial window (RFC 6928).
    /// Requests and answers of less are over before a share would matter, and a busy web client has hundreds in a period:
    /// if each counted, the windows would shrink below one segment, and every answer would wait for a timer.
    /// </summary>
    private const int BulkOctets = 16 * 1024;

    private readonly Dictionary<IpAddress, LocalQueueShare> _toNextHop = [];
    private readonly List<Connection> _receivers = [];
    private LocalQueueShare? _own;
    private Instant _periodStart;

    public LocalQueueShare? SendShareOf(in Route route)
    {
        if (route.QueueFrames is not { } frames)
            return null;
        if (!_toNextHop.TryGetValue(route.NextHop, out LocalQueueShare? share))
            _toNextHop.Add(route.NextHop, share = new LocalQueueShare(frames));
        return share;
    }

    /// <summary>Data arrived on the connection.</summary>
    public void NoteReceiver(Connection connection, int octets, Instant now)
    {
        if (connection.Route.QueueFrames is not { } queueFrames)
            return;
        _own ??= new LocalQueueShare(queueFrames);
        if (now - _periodStart >= Period)
            BeginPeriod(now);
        connection.Received.Add(octets, _periodStart);
        if (connection.Received.IsActive || connection.Received.In(_periodStart) < BulkOctets)
            return;
        connection.Received.IsActive = true;
        _receivers.Add(connection);
        _own.Enter();
    }

    /// <summary>The window that one connection may offer; one that is not among the active offers what it would get.</summary>
    public int ReceiveShareOf(Connection connection, Instant now)
    {
        if (_own is null)
            return int.MaxValue;
        if (_receivers.Count > 0 && now - _periodStart >= Period)
            BeginPeriod(now);
        int fullSegment = Math.Max(connection.Rcv.SegmentSize, connection.Snd.Mss);
        return fullSegment * _own.ShareFrames(newcomers: connection.Received.IsActive ? 0 : 1);
    }

    /// <summary>The connection has ended.</summary>
    public void Forget(Connection connection)
    {
        if (connection.Received.IsActive && _receivers.Remove(connection))
            Leave(connection);
    }

    private void BeginPeriod(Instant now)
    {
        bool wasSilent = now - _periodStart >= 2 * Period;
        for (int index = _receivers.Count - 1; index >= 0; index--)
        {
            Connection receiver = _receivers[index];
            if (!wasSilent && receiver.State.MayReceive() && receiver.Received.In(_periodStart) >= BulkOctets)
                continue;
            _receivers.RemoveAt(index);
            Leave(receiver);
        }
        _periodStart = now;
    }

    private void Leave(Connection receiver)
    {
        receiver.Received.IsActive = false;
        _own!.Leave();
    }
}

/// <summary>What a connection has received in the present period of <see cref="LocalQueues"/>.</summary>
internal struct RecentOctets
{
    private Instant _period;
    private int _octets;

    /// <summary>It is in the list of those that share our own queue.</summary>
    public bool IsActive { get; set; }

    public readonly int In(Instant period) => period == _period ? _octets : 0;

    public void Add(int octets, Instant period) => (_octets, _period) = (In(period) + octets, period);
}
