using System.Diagnostics.CodeAnalysis;
using Pyco.Stack;

namespace Pyco.Network.Gateway;

/// <summary>Flows of one kind by what names them, so many and for so long.</summary>
/// <typeparam name="TKey">What names a flow.</typeparam>
/// <typeparam name="TFlow">The flow.</typeparam>
/// <param name="idleLimit">How long a flow lasts after it was used.</param>
/// <param name="most">Flows at a time; one more ends the one that has been idle for the longest.</param>
internal sealed class FlowTable<TKey, TFlow>(TimeSpan idleLimit, int most) : IDisposable
    where TKey : notnull
    where TFlow : Flow
{
    private readonly Dictionary<TKey, TFlow> _flows = [];
    private readonly Dictionary<Flow, TKey> _keys = [];
    private readonly LinkedList<Flow> _byIdleness = new();

    public int Count => _flows.Count;

    /// <summary>Flows that there have been.</summary>
    public long Opened { get; private set; }

    /// <summary>Flows that ended to make room for another.</summary>
    public long Displaced { get; private set; }

    /// <summary>Finds a flow and notes that it is used.</summary>
    public bool TryUse(TKey key, Instant now, [NotNullWhen(true)] out TFlow? flow)
    {
        if (!_flows.TryGetValue(key, out flow))
            return false;
        NoteUse(flow, now);
        return true;
    }

    public void Add(TKey key, TFlow flow, Instant now)
    {
        if (_flows.Count >= most)
        {
            Displaced++;
            Remove(_byIdleness.First!.Value);
        }
        Opened++;
        flow.LastUse = now;
        _flows.Add(key, flow);
        _keys.Add(flow, key);
        _byIdleness.AddLast(flow.Place);
    }

    public void NoteUse(Flow flow, Instant now)
    {
        if (flow.Place.List != _byIdleness)
            return;
        flow.LastUse = now;
        _byIdleness.Remove(flow.Place);
        _byIdleness.AddLast(flow.Place);
    }

    /// <summary>Ends what was idle for too long.</summary>
    /// <returns>When to call next, or null.</returns>
    public Instant? Advance(Instant now)
    {
        while (_byIdleness.First?.Value is { } oldest)
        {
            if (oldest.LastUse + idleLimit > now)
                return oldest.LastUse + idleLimit;
            Remove(oldest);
        }
        return null;
    }

    public void Dispose()
    {
        while (_byIdleness.First?.Value is { } oldest)
            Remove(oldest);
    }

    private void Remove(Flow flow)
    {
        _byIdleness.Remove(flow.Place);
        if (_keys.Remove(flow, out TKey? key))
            _flows.Remove(key);
        flow.End();
    }
}
