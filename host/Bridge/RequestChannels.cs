using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>
/// The connections that have not said yet what they want: few, and not for long, because they may be anybody's.
/// </summary>
internal sealed class RequestChannels(SocketBridge bridge, RequestHandler handler) : IDisposable
{
    /// <summary>How long a connection may be silent before it has shown the secret.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>When there is one more, the one that has been silent for longest goes.</summary>
    public const int Most = 512;

    private readonly LinkedList<RequestChannel> _byAge = new();
    private RequestChannel? _newest;

    public int Count => _byAge.Count;

    /// <summary>Takes an accepted descriptor.</summary>
    public void Add(int descriptor, Instant now)
    {
        if (_byAge.Count >= Most)
            Close(_byAge.First!.Value);
        RequestChannel channel = new(this, bridge.Credentials, descriptor, now + Patience);
        channel.Node = _byAge.AddLast(channel);
        _newest = channel;
        if (bridge.Loop.TryAdd(channel, Constants.EpollIn))
            channel.OnEvents(Constants.EpollIn, now); // the request is mostly there already
        else
            Close(channel);
        bridge.Wake();
    }

    public void OnRequest(RequestChannel channel, in Request request, Instant now)
    {
        try
        {
            handler.Handle(channel, request, now);
        }
        finally
        {
            Close(channel);
        }
        bridge.Wake();
    }

    public void Close(RequestChannel channel)
    {
        if (channel.Node is not { } node)
            return;
        channel.Node = null;
        _byAge.Remove(node);
        bridge.Loop.Remove(channel);
        channel.CloseDescriptors();
        bridge.OnClosed(channel);
    }

    /// <summary>The last one that was added, unless it has been served already.</summary>
    public RequestChannel? Newest => _newest is { Node: not null } ? _newest : null;

    /// <summary>Closes those that were silent for too long.</summary>
    /// <returns>When to look again, or null.</returns>
    public Instant? Advance(Instant now)
    {
        while (_byAge.First?.Value is { } oldest)
        {
            if (oldest.ExpiresAt > now)
                return oldest.ExpiresAt;
            Close(oldest);
        }
        return null;
    }

    public void Dispose()
    {
        while (_byAge.First is { } oldest)
            Close(oldest.Value);
    }
}
