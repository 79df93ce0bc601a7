using Pyco.Host.Bridge;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Publishing;

/// <summary>
/// The ports of a virtual host that can be reached from the machine's own network. For each peer outside there is a
/// socket in the host's own stack, which speaks with the program over the stack's loopback: the program sees its host's
/// own address as the peer, and no frame goes to the wire.
/// </summary>
internal sealed class Publisher(SocketBridge bridge, NetworkStack stack) : IDisposable
{
    private readonly List<IPublication> _publications = [];
    private bool _hasStopped;

    public IReadOnlyList<IPublication> Publications => _publications;

    /// <summary>What is published, with the ports that the kernel has chosen; nothing any more once listening has stopped.</summary>
    public IReadOnlyList<PublishedPort> Ports => _hasStopped ? [] : [.. _publications.Select(publication => publication.Port)];

    /// <summary>True while something that a program has sent is not with the kernel yet.</summary>
    public bool HasUnfinished => _publications.Exists(publication => publication.HasUnfinished);

    /// <summary>Opens the port.</summary>
    /// <returns>It, with the port that the kernel has chosen.</returns>
    /// <exception cref="PublishException">The machine does not have it for us.</exception>
    public PublishedPort Publish(PublishedPort port)
    {
        IpEndpoint inside = new(stack.Options.Addresses[0].Address, port.Inside);
        IPublication publication = port.IsUdp
            ? new PublishedDatagrams(bridge, stack, port, inside)
            : new PublishedStreams(bridge, stack, port, inside);
        _publications.Add(publication);
        return publication.Port;
    }

    /// <summary>There is no program left to listen for: the ports are free for others, what is going on goes on.</summary>
    public void StopListening()
    {
        _hasStopped = true;
        foreach (IPublication publication in _publications)
            publication.StopListening();
    }

    /// <summary>Does what is due.</summary>
    /// <returns>When to call next even if nothing happens, or null.</returns>
    public Instant? Advance(Instant now)
    {
        Instant? next = null;
        foreach (IPublication publication in _publications)
            next = Instant.Earlier(next, publication.Advance(now));
        return next;
    }

    public void Dispose()
    {
        foreach (IPublication publication in _publications)
            publication.Dispose();
        _publications.Clear();
    }
}
