using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Host.Publishing;

/// <summary>
/// A published UDP port: a socket outside, and for each peer that sends to it a flow with a socket of its own inside, to
/// which the program answers.
/// </summary>
internal sealed class PublishedDatagrams : SocketSource, IPublication
{
    /// <summary>How long a flow lasts after its last datagram; RFC 4787's REQ-5 has no less for a NAT.</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(2);

    /// <summary>Flows at a time; one more ends the one that has been idle for the longest.</summary>
    public const int MostFlows = 1024;

    /// <summary>What the socket may move before others have their turn.</summary>
    private const int DatagramsPerTurn = 256;

    private readonly SocketBridge _bridge;
    private readonly NetworkStack _stack;
    private readonly IpEndpoint _inside;
    private readonly Dictionary<OutsidePath, DatagramFlow> _flows = [];
    private readonly LinkedList<DatagramFlow> _byIdleness = new();
    private bool _mayRead;

    /// <exception cref="PublishException">The machine does not have the port for us.</exception>
    public PublishedDatagrams(SocketBridge bridge, NetworkStack stack, PublishedPort port, IpEndpoint inside)
        : base(bridge.Loop)
    {
        _bridge = bridge;
        _stack = stack;
        _inside = inside;
        int descriptor = OutsideSocket.OpenDatagram(port, out PublishedPort bound);
        Port = bound;
        if (port.Outside.Address.IsAny)
            OutsideDatagrams.TellDestinations(descriptor, !port.Outside.Address.IsV4);
        if (!TryWatch(descriptor))
            throw PublishException.Last(port);
    }

    public PublishedPort Port { get; }

    /// <summary>What the kernel cannot take at once is dropped, as datagrams are.</summary>
    public bool HasUnfinished => false;

    /// <summary>Flows that are open now.</summary>
    public int Open => _flows.Count;

    /// <summary>Flows that there have been.</summary>
    public long Opened { get; private set; }

    /// <summary>Flows that ended for want of datagrams.</summary>
    public long Expired { get; private set; }

    /// <summary>Flows that ended to make room for another.</summary>
    public long Displaced { get; private set; }

    /// <summary>Datagrams from outside that went to the program.</summary>
    public long Received { get; private set; }

    /// <summary>Datagrams of the program that went outside.</summary>
    public long Sent { get; private set; }

    /// <summary>Datagrams that were lost here, either way.</summary>
    public long Dropped { get; private set; }

    public override void OnEvents(uint events, Instant now)
    {
        _mayRead |= events != 0;
        MoveToProgram(now);
        _bridge.Wake();
    }

    /// <summary>Sends what the program answers.</summary>
    public void Answer(DatagramFlow flow, ReadOnlySpan<byte> payload, Instant now)
    {
        NoteUse(flow, now);
        if (IsAttached && OutsideDatagrams.Send(Descriptor, payload, flow.Path) == Errno.None)
            Sent++;
        else
            Dropped++;
    }

    /// <summary>Datagrams have no end that could be waited for.</summary>
    public void StopListening() => Dispose();

    public Instant? Advance(Instant now)
    {
        while (_byIdleness.First is { Value: { } oldest })
        {
            if (oldest.LastUse + IdleLimit > now)
                return oldest.LastUse + IdleLimit;
            Expired++;
            End(oldest);
        }
        return null;
    }

    public void Dispose()
    {
        while (_byIdleness.First is { Value: { } oldest })
            End(oldest);
        Close();
    }

    private void MoveToProgram(Instant now)
    {
        Span<byte> buffer = _bridge.MessageBuffer;
        for (int budget = DatagramsPerTurn; _mayRead && IsAttached; budget--)
        {
            if (budget <= 0)
            {
                _bridge.ContinueNextTurn(this);
                return;
            }
            Errno error = OutsideDatagrams.TryReceive(Descriptor, buffer, out int length, out OutsidePath path);
            if (error == Errno.None)
                MoveToProgram(path, buffer[..length], now);
            else if (error == Errno.EAGAIN)
                _mayRead = false;
        }
    }

    private void MoveToProgram(in OutsidePath path, ReadOnlySpan<byte> payload, Instant now)
    {
        bool isMoved = FindOrOpen(path, now) is { } flow && flow.Udp.Send(payload, null, now) == Errno.None;
        if (isMoved)
            Received++;
        else
            Dropped++;
    }

    private DatagramFlow? FindOrOpen(in OutsidePath path, Instant now)
    {
        if (_flows.TryGetValue(path, out DatagramFlow? known))
        {
            NoteUse(known, now);
            return known;
        }
        UdpSocket udp = _stack.OpenUdp();
        if (udp.Connect(_inside) != Errno.None)
        {
            udp.Close();
            return null; // the host's address is not up, or all its ports are taken
        }
        if (_flows.Count >= MostFlows)
        {
            Displaced++;
            End(_byIdleness.First!.Value);
        }
        DatagramFlow flow = new(this, udp, path, now);
        _flows.Add(path, flow);
        _byIdleness.AddLast(flow.Place);
        Opened++;
        return flow;
    }

    private void NoteUse(DatagramFlow flow, Instant now)
    {
        flow.LastUse = now;
        _byIdleness.Remove(flow.Place);
        _byIdleness.AddLast(flow.Place);
    }

    private void End(DatagramFlow flow)
    {
        _byIdleness.Remove(flow.Place);
        _flows.Remove(flow.Path);
        flow.End();
    }
}
