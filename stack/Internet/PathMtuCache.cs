using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>What routers on the way told about the largest packet that gets through (RFC 1191).</summary>
internal sealed class PathMtuCache
{
    /// <summary>Destinations remembered; when there are more, the one that would expire first is forgotten.</summary>
    public const int MaxEntries = 256;

    /// <summary>Linux's min_pmtu: a smaller value is an attack rather than a link (RFC 5927 §7.2).</summary>
    public const int MinMtu = 552;

    /// <summary>After this the path may have grown again (RFC 1191 §6.3).</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly Dictionary<IpAddress, Entry> _entries = [];
    private Instant? _nextExpiry;

    /// <summary>The smaller of the link's and the path's MTU.</summary>
    public int Get(IpAddress destination, int linkMtu) =>
        _entries.Count != 0 && _entries.TryGetValue(destination, out Entry entry) && entry.Mtu < linkMtu
            ? entry.Mtu
            : linkMtu;

    public void Set(IpAddress destination, int mtu, Instant now)
    {
        if (_entries.Count >= MaxEntries && !_entries.ContainsKey(destination))
            _entries.Remove(_entries.MinBy(entry => entry.Value.ExpiresAt).Key);
        Instant expiry = now + Lifetime;
        _entries[destination] = new Entry(int.Max(mtu, MinMtu), expiry);
        _nextExpiry = Instant.Earlier(_nextExpiry, expiry);
    }

    /// <summary>Forgets what is too old. Nobody needs to be woken for it, so it names no moment.</summary>
    public void Advance(Instant now)
    {
        if (_nextExpiry is not { } next || now < next)
            return;
        _nextExpiry = null;
        foreach ((IpAddress destination, Entry entry) in _entries)
        {
            if (entry.ExpiresAt <= now)
                _entries.Remove(destination);
            else
                _nextExpiry = Instant.Earlier(_nextExpiry, entry.ExpiresAt);
        }
    }

    private readonly record struct Entry(int Mtu, Instant ExpiresAt);
}
