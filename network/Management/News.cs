using System.Globalization;
using Pyco.Vde.Switching;

namespace Pyco.Network.Management;

/// <summary>Tells those who asked by debug/add what happens at the switch.</summary>
internal sealed class News
{
    private readonly IReadOnlyList<ManagementConnection> _listeners;

    public News(Switch network, IReadOnlyList<ManagementConnection> listeners)
    {
        _listeners = listeners;
        network.Added += OnAdded;
        network.Removed += OnRemoved;
        network.Stations.Learned += entry => Tell(NewsCategory.StationLearned, entry, Describe);
        network.Stations.Forgotten += entry => Tell(NewsCategory.StationForgotten, entry, Describe);
    }

    private void OnAdded(SwitchPort port)
    {
        Tell(NewsCategory.PortAdded, port, Number);
        Tell(NewsCategory.EndpointAdded, port, Endpoint);
        Tell(NewsCategory.PortDescribed, port, added => $"{Endpoint(added)} -> \"{added.Description}\"");
    }

    private void OnRemoved(SwitchPort port)
    {
        Tell(NewsCategory.EndpointRemoved, port, Endpoint);
        Tell(NewsCategory.PortRemoved, port, Number);
    }

    private void Tell<T>(NewsCategory category, T what, Func<T, string> describe)
    {
        string? line = null;
        for (int index = _listeners.Count - 1; index >= 0; index--) // one that cannot be told goes
        {
            if (_listeners[index].Subscriptions.Contains(category))
                _listeners[index].Tell(line ??= $"3{category.Tag} {category.Path} {describe(what)}\n");
        }
    }

    private static string Number(SwitchPort port) => port.Number.ToString("00", CultureInfo.InvariantCulture);

    private static string Endpoint(SwitchPort port) =>
        string.Create(CultureInfo.InvariantCulture, $"Port {port.Number:00} FD {PortText.EndpointOf(port),2}");

    private static string Describe(MacTableEntry entry) => string.Create(
        CultureInfo.InvariantCulture, $"{entry.Mac} VLAN {entry.Vlan & 0xff:x2}:{entry.Vlan >> 8:x2} Port {entry.Port.Number}");
}
