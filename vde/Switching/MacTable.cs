using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Switching;

/// <summary>Which station is behind which port (IEEE 802.1Q's filtering database), learned from source addresses.</summary>
/// <param name="clock">The moment.</param>
public sealed class MacTable(Func<Instant> clock)
{
    /// <summary>IEEE 802.1Q-2022 §8.8.3's recommended ageing time.</summary>
    public static readonly TimeSpan DefaultAgeingTime = TimeSpan.FromSeconds(300);

    /// <summary>Stations that are remembered at most, so that a flood of made-up addresses costs little memory.</summary>
    public const int Capacity = 65_536;

    /// <summary>How often an address that speaks all the time is noted again.</summary>
    private static readonly long RefreshTicks = TimeSpan.FromSeconds(1).Ticks;

    private readonly Dictionary<ulong, MacTableEntry> _entries = [];

    /// <summary>How long a silent station is remembered.</summary>
    public TimeSpan AgeingTime { get; set; } = DefaultAgeingTime;

    public IReadOnlyCollection<MacTableEntry> Entries => _entries.Values;

    /// <summary>Addresses that were seen at another port than before: many of them tell of a loop, or of two hosts with one address.</summary>
    public long Moves { get; private set; }

    /// <summary>Addresses that were not learned, because the table was full.</summary>
    public long NotLearned { get; private set; }

    /// <summary>Called with each station that is new.</summary>
    public Action<MacTableEntry>? Learned { get; set; }

    /// <summary>Called with each station that is forgotten.</summary>
    public Action<MacTableEntry>? Forgotten { get; set; }

    /// <summary>Notes where a station was heard.</summary>
    /// <returns>True if it was at another port before.</returns>
    internal bool Learn(SwitchPort port, int vlan, MacAddress mac, Instant now)
    {
        ulong key = Key(vlan, mac);
        if (port.LastLearned.Key == key && now.Ticks - port.LastLearned.Ticks < RefreshTicks)
            return false;
        bool isKnown = _entries.TryGetValue(key, out MacTableEntry known);
        bool hasMoved = isKnown && known.Port != port;
        if (!isKnown && _entries.Count >= Capacity)
        {
            NotLearned++;
            return false;
        }
        if (hasMoved)
        {
            Moves++;
            known.Port.LastLearned = default;
        }
        port.LastLearned = (key, now.Ticks);
        MacTableEntry entry = new(vlan, mac, port, now);
        _entries[key] = entry;
        if (!isKnown)
            Learned?.Invoke(entry);
        return hasMoved;
    }

    /// <summary>The port of a station, or null if it is not known.</summary>
    public SwitchPort? Find(int vlan, MacAddress mac, Instant now) =>
        _entries.TryGetValue(Key(vlan, mac), out MacTableEntry entry) && now - entry.LastSeen <= AgeingTime ? entry.Port : null;

    /// <summary>What is known of a station, or null.</summary>
    public MacTableEntry? FindEntry(int vlan, MacAddress mac) =>
        _entries.TryGetValue(Key(vlan, mac), out MacTableEntry entry) ? entry : null;

    /// <summary>How long a station has been silent, to a second.</summary>
    public TimeSpan AgeOf(MacTableEntry entry) => clock() - entry.LastSeen;

    /// <summary>Forgets stations that were silent for the ageing time.</summary>
    public void Age(Instant now) => Forget(entry => now - entry.LastSeen > AgeingTime);

    /// <summary>Forgets all that was learned at a port.</summary>
    internal void Forget(SwitchPort port)
    {
        port.LastLearned = default;
        Forget(entry => entry.Port == port);
    }

    internal void ForgetVlan(int vlan) => Forget(entry => entry.Vlan == vlan);

    private void Forget(Predicate<MacTableEntry> isGone)
    {
        foreach ((ulong key, MacTableEntry entry) in _entries)
        {
            if (!isGone(entry))
                continue;
            _entries.Remove(key); // allowed while enumerating a dictionary
            if (entry.Port.LastLearned.Key == key)
                entry.Port.LastLearned = default;
            Forgotten?.Invoke(entry);
        }
    }

    private static ulong Key(int vlan, MacAddress mac) => (ulong)vlan << 48 | mac.ToUInt64();
}

/// <summary>A station of a <see cref="MacTable"/>.</summary>
/// <param name="Vlan">Its VLAN.</param>
/// <param name="Mac">Its address.</param>
/// <param name="Port">Where it was heard.</param>
/// <param name="LastSeen">When, to a second.</param>
public readonly record struct MacTableEntry(int Vlan, MacAddress Mac, SwitchPort Port, Instant LastSeen);
