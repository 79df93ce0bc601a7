using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>
/// The multicast groups that sockets of this host have joined, on the link and on loopback (RFC 1112 §7.1). Nobody is told
/// of it (IGMP): the switches that the host knows flood what goes to groups.
/// </summary>
internal sealed class MulticastGroups
{
    private static readonly IpAddress AllHosts = IpAddress.FromV4(0xe0000001); // of every host (RFC 1112 §7.2)

    private readonly Dictionary<(IpAddress Group, bool IsLoopback), int> _memberships = new(capacity: 0);

    public bool Has(IpAddress group, bool isLoopback) =>
        group == AllHosts || (_memberships.Count > 0 && _memberships.ContainsKey((group, isLoopback)));

    public void Join(IpAddress group, bool isLoopback) =>
        _memberships[(group, isLoopback)] = _memberships.GetValueOrDefault((group, isLoopback)) + 1;

    /// <summary>Undoes one <see cref="Join"/>.</summary>
    public void Leave(IpAddress group, bool isLoopback)
    {
        int left = _memberships[(group, isLoopback)] - 1;
        if (left > 0)
            _memberships[(group, isLoopback)] = left;
        else
            _memberships.Remove((group, isLoopback));
    }
}
