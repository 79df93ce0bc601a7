using Pyco.Host.Control;
using Pyco.Vde.Switching;

namespace Pyco.Network.Control;

/// <summary>Who may have a port for whose number users or groups were set.</summary>
internal static class PortAccess
{
    public static bool Allows(PortSettings settings, PendingConnection who) =>
        (settings.UserId is null && settings.GroupId is null) ||
        who.Peer.UserId == 0 ||
        settings.UserId == who.Peer.UserId ||
        (settings.GroupId is { } group && who.IsInGroup(group));

    public static string DescribeRefusal(Switch network, int wanted)
    {
        if (wanted == 0)
            return $"there is no free port for it among {network.PortLimit}";
        if (wanted > network.PortLimit)
            return $"port {wanted} is none: the highest one is {network.PortLimit}";
        return network.FindPort(wanted) is null
            ? $"port {wanted} is for other users (port/setuser, port/setgroup): choose another, or none"
            : $"port {wanted} of the network is taken: choose another";
    }
}
