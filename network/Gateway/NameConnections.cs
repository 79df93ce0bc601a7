using Pyco.Stack;
using Pyco.Stack.Transit;

namespace Pyco.Network.Gateway;

/// <summary>The TCP connections by which hosts ask the gateway for names.</summary>
internal sealed class NameConnections(GatewayContext context) : IDisposable
{
    /// <summary>Connections at a time; one more ends the one that has been idle for the longest (RFC 7766 §6.2.3).</summary>
    public const int Most = 1024;

    private readonly LinkedList<NameConnection> _byIdleness = new();

    public int Count => _byIdleness.Count;

    /// <summary>Answers the SYN at once: the gateway itself may know the name.</summary>
    /// <returns>False if there is no way to the host any more.</returns>
    public bool Begin(TransitConnection request, Instant now)
    {
        if (_byIdleness.Count >= Most)
            _byIdleness.First!.Value.End(now);
        if (request.Accept(now) is not { } inside)
            return false;
        _byIdleness.AddLast(new NameConnection(this, context, inside).Place);
        return true;
    }

    public void NoteUse(NameConnection connection)
    {
        _byIdleness.Remove(connection.Place);
        _byIdleness.AddLast(connection.Place);
    }

    public void Remove(NameConnection connection) => _byIdleness.Remove(connection.Place);

    public void Dispose()
    {
        while (_byIdleness.First?.Value is { } oldest)
            oldest.End(context.Loop.Now);
    }
}
