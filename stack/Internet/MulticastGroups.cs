using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>The multicast groups that sockets of this host have joined, on the link and on loopback (RFC 1112 §7.1).</summary>
/// <param name="igmp">Hears of the groups on the link.</param>
internal sealed class MulticastGroups(Igmp igmp)
{
    private static readonly IpAddress AllHosts = IpAddress.FromV4(0xe0000001); // of every host (RFC 1112 §7.2), which tells nobody

    private readonly Dictionary<(IpAddress Group, bool IsLoopback), int> _memberships = new(capacity: 0);

    public bool Has(IpAddress group, bool isLoopback) =>
        group == AllHosts || (_memberships.Count > 0 && _memberships.ContainsKey((group, isLoopback)));

    public void Join(IpAddress group, bool isLoopback)
    {
        int before = _memberships.GetValueOrDefault((group, isLoopback));
        _memberships[(group, isLoopback)] = before + 1;
        if (before == 0 && !isLoopback && group != AllHosts)
            igmp.OnJoined(group);
    }

    /// <summary>Undoes one <see cref="Join"/>.</summary>
    public void Leave(IpAddress group, bool isLoopback)
    {
        int left = _memberships[(group, isLoopback)] - 1;
        if (left > 0)
        {
            _memberships[(group, isLoopback)] = left;
            return;
        }
        _memberships.Remove((group, isLoopback));
        if (!isLoopback)
            igmp.OnLeft(group);
    }
}
