using Pyco.Vde.Impairment;
using Pyco.Vde.Switching;

namespace Pyco.Network.Links;

/// <summary>The cables of a network that are no perfect ones.</summary>
internal sealed class LinkTable(VirtualNetwork network) : IDisposable
{
    private readonly Dictionary<SwitchPort, ImpairedPort> _ports = [];

    /// <summary>What a port's cable does, or null if it does nothing and never did.</summary>
    public PortImpairment? Find(SwitchPort port) => _ports.GetValueOrDefault(port)?.Cable;

    /// <summary>Changes a port's cable; frames that are on it are not lost.</summary>
    public void Set(SwitchPort port, LinkSpecification link)
    {
        if (_ports.TryGetValue(port, out ImpairedPort? impaired))
            impaired.Reconfigure(link);
        else if (!link.IsNone || link.Seed is not null)
            _ports.Add(port, new ImpairedPort(network.Loop, port, link, network.Memory));
    }

    /// <summary>The port is gone, and its cable with what was on it.</summary>
    public void Remove(SwitchPort port)
    {
        if (_ports.Remove(port, out ImpairedPort? impaired))
            impaired.Dispose();
    }

    public void Dispose()
    {
        foreach (ImpairedPort port in _ports.Values)
            port.Dispose();
        _ports.Clear();
    }
}
