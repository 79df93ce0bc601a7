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

    /// <summary>Takes an accepted descriptor of a socket of this type.</summary>
    public void Add(int descriptor, int kernelType, Instant now)
    {
        RequestChannel channel = new(this, bridge.Credentials, descriptor, kernelType, now + Patience);
        _newest = channel;
        channel.OnEvents(Constants.EpollIn, now); // the request is mostly there already
        if (!channel.IsClosed)
            WaitFor(channel);
        bridge.Wake();
    }

    public void OnRequest(RequestChannel channel, in Request request, Instant now)
    {
        try
        {
            // A socket that the host has never heard of has left no notes.
            if (request.Operation != Operation.Connect || request.Flags.HasFlag(RequestFlags.Known))
                bridge.HearNotes(now);
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
        if (channel.IsClosed)
            return;
        channel.IsClosed = true;
        if (channel.Node is { } node)
            _byAge.Remove(node);
        channel.Node = null;
        bridge.Loop.Remove(channel);
        channel.CloseDescriptors();
        bridge.OnClosed(channel);
    }

    /// <summary>The last one that was added, unless it has been served already.</summary>
    public RequestChannel? Newest => _newest is { IsClosed: false } ? _newest : null;

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

    private void WaitFor(RequestChannel channel)
    {
        if (_byAge.Count >= Most)
            Close(_byAge.First!.Value);
        channel.Node = _byAge.AddLast(channel);
        if (!bridge.Loop.TryAdd(channel, Constants.EpollIn))
            Close(channel);
    }
}
