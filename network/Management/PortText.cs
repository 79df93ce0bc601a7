using Pyco.Network.Control;
using Pyco.Network.Plugs;
using Pyco.Vde.Switching;

namespace Pyco.Network.Management;

/// <summary>Ports as vde_switch shows them.</summary>
internal sealed class PortText
{
    private const string Nobody = "NONE";

    private readonly AccountNames _users = AccountNames.Users();
    private readonly AccountNames _groups = AccountNames.Groups();

    /// <summary>What port/epclose calls it; hosts of this process have 0.</summary>
    public static int EndpointOf(SwitchPort port) => port is PlugPort plug ? plug.EndpointId : 0;

    /// <param name="call">Gets the lines.</param>
    /// <param name="settings">The port.</param>
    /// <param name="port">Who is there, or null.</param>
    public void Write(ManagementCall call, PortSettings settings, SwitchPort? port)
    {
        int vlan = settings.UntaggedVlan ?? VlanCommands.NoVlan;
        string state = port is null ? "INACTIVE" : "ACTIVE";
        string allocatable = settings.IsAllocatable ? "" : "NOT ";
        call.Line($"Port {settings.Number:0000} untagged_vlan={vlan:0000} {state} - {allocatable}Unnamed Allocatable");
        string user = settings.UserId is { } only ? _users.NameOf(only) : Nobody;
        string group = settings.GroupId is { } members ? _groups.NameOf(members) : Nobody;
        string current = port is null ? Nobody : _users.NameOf(port.UserId);
        call.Line($" Current User: {current} Access Control: (User: {user} - Group: {group})");
        PortCounters counters = port?.Counters ?? new PortCounters();
        call.Line($" IN:  pkts {counters.FramesIn,10}          bytes {counters.OctetsIn,20}");
        call.Line($" OUT: pkts {counters.FramesOut,10}          bytes {counters.OctetsOut,20}");
        if (port is null)
            return;
        string module = port is PlugPort ? "unix prog" : "pyco host";
        call.Line($"  -- endpoint ID {EndpointOf(port):0000} module {module,-12}: {port.Description}");
        if (port.Mirror is { } mirror)
            call.Line($"  -- mirrored to port {mirror.Number:0000}");
    }
}
