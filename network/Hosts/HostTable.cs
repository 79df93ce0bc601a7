using System.Text;
using Pyco.Host;
using Pyco.Host.Control;
using Pyco.Network.Gateway.Dhcp;
using Pyco.Stack.Wire;

namespace Pyco.Network.Hosts;

/// <summary>
/// The hosts whose stacks live in the network's process, and the addresses of the network, which they share with the
/// clients of its DHCP server.
/// </summary>
internal sealed class HostTable(VirtualNetwork network) : IAddressPool, IHostDirectory, IDisposable
{
    private readonly List<JoinedHost> _hosts = [];
    private readonly AddressPlan _plan = new(network.Options);

    public IReadOnlyList<JoinedHost> All => _hosts;

    /// <summary>A launcher asks for a host.</summary>
    /// <param name="order">What it is to be.</param>
    /// <param name="launcher">Gets the answer when it is up, or why not.</param>
    /// <param name="capture">Where to write the host's frames, or -1.</param>
    public void Join(HostOrder order, ControlConnection launcher, int capture)
    {
        JoinedHost host = new(network, order, launcher, capture);
        _hosts.Add(host);
        network.Loop.Add(host);
        network.NoteChange();
    }

    /// <summary>The host that has an address, other than the one that asks.</summary>
    public JoinedHost? Find(IpAddress address, JoinedHost? except = null) =>
        _hosts.Find(host => host != except && host.Host is not null && host.Has(address));

    /// <summary>The host that has an Ethernet address, other than the one that asks.</summary>
    public JoinedHost? Find(MacAddress mac, JoinedHost except) =>
        _hosts.Find(host => host != except && host.Host is not null && host.Mac == mac);

    /// <summary>The host that others find by a name: of several that want it, who came first.</summary>
    public JoinedHost? FindByName(string name) =>
        _hosts.Find(host => host.IsUp && name.Equals(host.Name, StringComparison.OrdinalIgnoreCase));

    public IpAddress? FindAddress(ReadOnlySpan<byte> name) => FindByName(Encoding.Latin1.GetString(name))?.Addresses[0].Address;

    public string? FindName(IpAddress address) => Find(address) is { Name: { } name } host && FindByName(name) == host ? name : null;

    /// <exception cref="IOException">All are in use.</exception>
    public IpPrefix ChooseAddress() =>
        _plan.Choose(IsInUse) ??
        throw new IOException($"all addresses of {network.Options.Subnet} are in use: stop a program, or give one with -a");

    /// <summary>Somebody else on the wire has the address.</summary>
    public void NoteTaken(IpAddress address) => _plan.NoteTaken(address);

    IpAddress? IAddressPool.Choose() => _plan.Choose(IsInUse)?.Address;

    bool IAddressPool.MayGive(IpAddress address) => _plan.MayGive(address, IsHostsOrMachines);

    public void End(JoinedHost host)
    {
        if (!_hosts.Remove(host))
            return;
        host.Dispose();
        network.NoteChange();
    }

    public void Dispose()
    {
        while (_hosts.Count > 0)
            End(_hosts[^1]);
    }

    private bool IsInUse(IpAddress address) => IsHostsOrMachines(address) || network.Gateway?.HasGiven(address) == true;

    private bool IsHostsOrMachines(IpAddress address) => Find(address) is not null || network.Options.Tap?.Address.Address == address;
}
