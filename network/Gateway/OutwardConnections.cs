using Pyco.Stack;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>The TCP connections of hosts to the outside.</summary>
internal sealed class OutwardConnections(GatewayContext context) : IDisposable
{
    /// <summary>
    /// Attempts that wait for an answer from outside; one more ends the oldest, whose destination is silent for longer than
    /// others.
    /// </summary>
    public const int MostConnecting = 1024;

    private readonly HashSet<OutwardConnection> _all = [];
    private readonly LinkedList<OutwardConnection> _connecting = new();
    private readonly NameConnections _names = new(context);

    /// <summary>Connections that are open or being opened.</summary>
    public int Count => _all.Count + _names.Count;

    /// <summary>Connections that there have been.</summary>
    public long Opened { get; set; }

    /// <summary>Attempts that came to nothing, because of what the outside said or because of a limit.</summary>
    public long Failed { get; set; }

    /// <summary>Answers all hosts that want a connection, or begins to find out what to answer.</summary>
    public void Advance(Instant now)
    {
        while (context.Transit.TryTakeConnection(out TransitConnection? request))
            Begin(request, now);
    }

    /// <summary>Its outcome is known.</summary>
    public void NoteAnswer(OutwardConnection connection)
    {
        if (connection.Place.List is not null)
            _connecting.Remove(connection.Place);
    }

    public void Remove(OutwardConnection connection)
    {
        NoteAnswer(connection);
        _all.Remove(connection);
    }

    public void Dispose()
    {
        foreach (OutwardConnection connection in _all.ToArray())
            connection.End(context.Loop.Now);
        _names.Dispose();
    }

    private void Begin(TransitConnection request, Instant now)
    {
        if (context.Destinations.IsNameServer(request.Destination))
        {
            if (_names.Begin(request, now))
                Opened++;
            return;
        }
        switch (context.Destinations.Find(request.Destination, now, out IpEndpoint outside))
        {
            case Verdict.NobodyThere:
                request.Refuse(now);
                break;
            case Verdict.Prohibited:
                context.Denials.Note("TCP", request.Source.ToString(), request.Destination.ToString(), now);
                request.Refuse(UnreachableReason.Prohibited, now);
                break;
            default:
                Connect(request, outside, now);
                break;
        }
    }

    private void Connect(TransitConnection request, IpEndpoint outside, Instant now)
    {
        if (_connecting.Count >= MostConnecting)
            _connecting.First!.Value.End(now);
        OutwardConnection connection = new(this, context, request);
        _all.Add(connection);
        _connecting.AddLast(connection.Place);
        connection.Begin(outside, now);
    }
}
