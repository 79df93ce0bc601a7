using Pyco.Host.Bridge;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Publishing;

/// <summary>A published TCP port: a listening socket outside, and the connections that came through it.</summary>
internal sealed class PublishedStreams : IPublication
{
    private const int Backlog = 4096; // Linux's net.core.somaxconn

    private readonly SocketBridge _bridge;
    private readonly NetworkStack _stack;
    private readonly IpEndpoint _inside;
    private readonly HashSet<PublishedStream> _streams = [];
    private Acceptor? _acceptor;

    /// <exception cref="PublishException">The machine does not have the port for us.</exception>
    public PublishedStreams(SocketBridge bridge, NetworkStack stack, PublishedPort port, IpEndpoint inside)
    {
        _bridge = bridge;
        _stack = stack;
        _inside = inside;
        int descriptor = OutsideSocket.Listen(port, Backlog, out PublishedPort bound);
        Port = bound;
        _acceptor = new Acceptor(bridge.Loop, descriptor, Accept, bridge.LeaveWaiting) { LeavesTheLast = true };
    }

    public PublishedPort Port { get; }

    public bool HasUnfinished => _streams.Any(stream => stream.IsUnfinished);

    /// <summary>Connections that are open now.</summary>
    public int Open => _streams.Count;

    /// <summary>Connections that there have been.</summary>
    public long Accepted { get; private set; }

    /// <summary>Connections that the host or its program did not take, such as for a port on which nobody listens.</summary>
    public long Refused { get; set; }

    public void StopListening()
    {
        _acceptor?.Dispose();
        _acceptor = null;
    }

    public Instant? Advance(Instant now) => _acceptor?.Advance(now);

    public void Remove(PublishedStream stream) => _streams.Remove(stream);

    public void Dispose()
    {
        StopListening();
        foreach (PublishedStream stream in _streams.ToArray())
            stream.End(_bridge.Loop.Now);
    }

    private void Accept(int descriptor, Instant now)
    {
        Accepted++;
        PublishedStream stream = new(this, _bridge, _stack.OpenTcp());
        _streams.Add(stream);
        stream.Begin(descriptor, _inside, now);
        _bridge.Wake();
    }
}
