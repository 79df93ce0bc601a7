namespace Pyco.Host.Loop;

/// <summary>The live ones of a loop.</summary>
internal sealed class PolledSources
{
    private readonly List<PolledSource> _live = [];

    public int Count => _live.Count;

    public PolledSource this[int index] => _live[index];

    /// <summary>True if one of them has work.</summary>
    public bool IsAnyReady
    {
        get
        {
            foreach (PolledSource source in _live)
            {
                if (source.IsReady)
                    return true;
            }
            return false;
        }
    }

    public void Add(PolledSource source)
    {
        if (source.IsLive)
            return;
        source.IsLive = true;
        _live.Add(source);
    }

    public void Remove(PolledSource source)
    {
        if (!source.IsLive)
            return;
        source.IsLive = false;
        _ = _live.Remove(source);
    }

    /// <summary>Has all of them tell when there is work, and looks at none any more.</summary>
    /// <returns>False if one has work already: the loop must not sleep.</returns>
    public bool TryArm()
    {
        for (int index = _live.Count - 1; index >= 0; index--)
        {
            if (!_live[index].TryArm())
                return false;
            _live[index].IsLive = false;
            _live.RemoveAt(index);
        }
        return true;
    }
}
