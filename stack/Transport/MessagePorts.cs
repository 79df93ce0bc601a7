using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport;

/// <summary>Which sockets of a protocol hold which ports: who may share one, and who receives a datagram (Linux's net/ipv4/udp.c).</summary>
internal sealed class MessagePorts
{
    private readonly Dictionary<ushort, List<MessageSocket>> _sockets = [];

    /// <summary>The sockets bound to a port, the oldest first.</summary>
    public IReadOnlyList<MessageSocket> At(ushort port) =>
        _sockets.TryGetValue(port, out List<MessageSocket>? sockets) ? sockets : [];

    /// <summary>True unless another socket's claim to the port excludes this one's.</summary>
    public bool IsFree(MessageSocket socket, IpAddress address, ushort port)
    {
        if (!_sockets.TryGetValue(port, out List<MessageSocket>? others))
            return true;
        foreach (MessageSocket other in others)
        {
            bool mayShare = (other.ReuseAddress && socket.ReuseAddress) || (other.ReusePort && socket.ReusePort);
            if (other != socket && !mayShare && LocalBinding.Overlaps(other, socket, address))
                return false;
        }
        return true;
    }

    public void Add(MessageSocket socket)
    {
        if (!_sockets.TryGetValue(socket.Local.Port, out List<MessageSocket>? sockets))
            _sockets.Add(socket.Local.Port, sockets = []);
        sockets.Add(socket);
    }

    public void Remove(MessageSocket socket)
    {
        if (!_sockets.TryGetValue(socket.Local.Port, out List<MessageSocket>? sockets))
            return;
        sockets.Remove(socket);
        if (sockets.Count == 0)
            _sockets.Remove(socket.Local.Port);
    }

    /// <summary>The socket that describes the datagram best; of SO_REUSEPORT equals always the same for one flow.</summary>
    public MessageSocket? Find(IpEndpoint local, IpEndpoint remote)
    {
        if (!_sockets.TryGetValue(local.Port, out List<MessageSocket>? sockets))
            return null;
        MessageSocket? best = null;
        int bestScore = 0;
        int equals = 0;
        foreach (MessageSocket socket in sockets)
        {
            int score = Score(socket, local, remote);
            equals = score > bestScore ? 1 : equals + (score == bestScore ? 1 : 0);
            if (score > 0 && score >= bestScore) // of equals with SO_REUSEADDR the newest wins
                (best, bestScore) = (socket, score);
        }
        if (equals < 2 || best is not { ReusePort: true })
            return best;
        uint flow = (remote.Address.V4 ^ ((uint)remote.Port << 16 | local.Port)) * 2654435761; // Knuth's hash
        int chosen = (int)((flow >> 16) % (uint)equals);
        foreach (MessageSocket socket in sockets)
        {
            if (Score(socket, local, remote) == bestScore && chosen-- == 0)
                return socket;
        }
        return best;
    }

    /// <summary>True if the socket wants what comes to a broadcast address.</summary>
    public static bool WantsBroadcast(MessageSocket socket, IpEndpoint local, IpEndpoint remote) =>
        Score(socket, local, remote) > 0;

    /// <summary>compute_score: zero if the datagram is not for the socket, more the more it says about it.</summary>
    private static int Score(MessageSocket socket, IpEndpoint local, IpEndpoint remote)
    {
        if (!LocalBinding.Covers(socket, local.Address) || (socket.Remote is { } peer && peer != remote))
            return 0;
        int score = socket.IsV6 ? 1 : 2;
        if (!socket.Local.Address.IsAny)
            score += 4;
        return socket.Remote is null ? score : score + 8;
    }
}
