using Pyco.Host.Loop;
using Pyco.Stack.Transit;

namespace Pyco.Network.Gateway;

/// <summary>What the parts of a gateway have in common.</summary>
internal sealed class GatewayContext
{
    private readonly List<SocketSource> _unfinishedTurns = [];

    public required EventLoop Loop { get; init; }

    public required TransitTraffic Transit { get; init; }

    public required Destinations Destinations { get; init; }

    /// <summary>Who asks the gateway for a name of the network's own.</summary>
    public required HostNameAnswers Names { get; init; }

    public required DenialLog Denials { get; init; }

    public required OutsideSockets Sockets { get; init; }

    /// <summary>Asks for the gateway's turn.</summary>
    public required Action Wake { get; init; }

    public required Action<string> Log { get; init; }

    /// <summary>Room for the longest datagram, shared because a loop does one thing at a time.</summary>
    public byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(ushort.MaxValue + 1, pinned: true);

    /// <summary>The socket could have gone on, but others wait.</summary>
    public void ContinueNextTurn(SocketSource socket)
    {
        if (socket.IsToContinue)
            return;
        socket.IsToContinue = true;
        _unfinishedTurns.Add(socket);
        Wake();
    }

    /// <summary>Lets those go on that could have.</summary>
    public void ContinueUnfinished(Stack.Instant now)
    {
        if (_unfinishedTurns.Count == 0)
            return;
        SocketSource[] sockets = [.. _unfinishedTurns];
        _unfinishedTurns.Clear();
        foreach (SocketSource socket in sockets)
        {
            socket.IsToContinue = false;
            if (socket.IsAttached)
                socket.OnEvents(0, now);
        }
    }
}
