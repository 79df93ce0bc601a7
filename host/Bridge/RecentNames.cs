using Pyco.Stack.Wire;

namespace Pyco.Host.Bridge;

/// <summary>
/// The addresses of connections that have ended: reset, or closed by their programs, or shut down both ways, which looks the same from
/// here, and then they may still ask. Bounded, because who has closed never asks.
/// </summary>
internal sealed class RecentNames
{
    private const int Capacity = 1024;

    private readonly Dictionary<SocketKey, (IpEndpoint Local, IpEndpoint Remote)> _names = [];
    private readonly Queue<SocketKey> _byAge = new();

    public void Remember(SocketKey key, IpEndpoint local, IpEndpoint remote)
    {
        if (_names.TryAdd(key, (local, remote)))
            _byAge.Enqueue(key);
        while (_byAge.Count > Capacity)
            _names.Remove(_byAge.Dequeue());
    }

    public bool TryFind(SocketKey key, out IpEndpoint local, out IpEndpoint remote)
    {
        bool isKnown = _names.TryGetValue(key, out (IpEndpoint Local, IpEndpoint Remote) names);
        (local, remote) = names;
        return isKnown;
    }
}
