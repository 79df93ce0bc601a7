namespace Pyco.Vde.Switching;

/// <summary>
/// What was set for the port of a number. It stays when the plug goes, as a socket in the wall does, and is the next
/// one's who comes to that number.
/// </summary>
public sealed class PortSettings
{
    private SortedSet<int>? _taggedVlans;

    internal PortSettings(int number) => Number = number;

    public int Number { get; }

    /// <summary>The VLAN of the port's untagged frames (IEEE 802.1Q's PVID), or null to take none.</summary>
    public int? UntaggedVlan { get; internal set; } = Switch.DefaultVlan;

    /// <summary>The VLANs whose frames carry tags at this port.</summary>
    public IReadOnlyCollection<int> TaggedVlans => (IReadOnlyCollection<int>?)_taggedVlans ?? [];

    /// <summary>False to give the port only to those who ask for its number.</summary>
    public bool IsAllocatable { get; set; } = true;

    /// <summary>The only user beside root who may plug in here, or null for everybody who gets at the switch.</summary>
    public uint? UserId { get; set; }

    /// <summary>The group whose members may plug in here, or null; with <see cref="UserId"/>, either is enough.</summary>
    public uint? GroupId { get; set; }

    /// <summary>True if nothing of it would be missed.</summary>
    internal bool IsDefault =>
        UntaggedVlan == Switch.DefaultVlan && TaggedVlans.Count == 0 && IsAllocatable && UserId is null && GroupId is null;

    internal bool IsTagged(int vlan) => _taggedVlans is not null && _taggedVlans.Contains(vlan);

    internal bool IsMember(int vlan) => UntaggedVlan == vlan || IsTagged(vlan);

    internal void AddTagged(int vlan) => (_taggedVlans ??= []).Add(vlan);

    internal bool RemoveTagged(int vlan) => _taggedVlans is not null && _taggedVlans.Remove(vlan);
}
