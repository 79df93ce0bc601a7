using Pyco.Stack;
using Pyco.Vde.Switching;
using static Pyco.Network.Management.ManagementCommand;

namespace Pyco.Network.Management;

/// <summary>Commands for VLANs.</summary>
internal sealed class VlanCommands(Switch network)
{
    /// <summary>Stands for none where a VLAN is asked for.</summary>
    public const int NoVlan = 4095;

    public IEnumerable<ManagementCommand> All =>
    [
        Menu("vlan", "VLAN MANAGEMENT"),
        Change("vlan/create", "N", "create the VLAN with tag N", Create),
        Change("vlan/remove", "N", "remove the VLAN with tag N", Remove),
        Change("vlan/addport", "N PORT", "add port to the vlan N (tagged)", AddPort),
        Change("vlan/delport", "N PORT", "delete port from the vlan N (tagged)", RemovePort),
        Show("vlan/print", "[N]", "print the list of defined vlan", call => Print(call, withInactive: false)),
        Show("vlan/allprint", "[N]", "print the list of defined vlan (including inactive port)", call => Print(call, withInactive: true)),
    ];

    private Errno Create(ManagementCall call)
    {
        if (!IsVlan(call.Number) || call.Number == Switch.DefaultVlan)
            return Errno.EINVAL;
        return network.TryCreateVlan(call.Number) ? Errno.None : Errno.EEXIST;
    }

    private Errno Remove(ManagementCall call)
    {
        if (!IsVlan(call.Number))
            return Errno.EINVAL;
        if (!network.Vlans.Contains(call.Number))
            return Errno.ENXIO;
        return network.TryRemoveVlan(call.Number) ? Errno.None : Errno.EADDRINUSE;
    }

    private Errno AddPort(ManagementCall call)
    {
        if (!TryGetMember(call, out int vlan, out PortSettings? port))
            return Errno.EINVAL;
        return port is not null && network.TryAddTagged(port, vlan) ? Errno.None : Errno.ENXIO;
    }

    private Errno RemovePort(ManagementCall call)
    {
        if (!TryGetMember(call, out int vlan, out PortSettings? port))
            return Errno.EINVAL;
        if (port is null || !network.Vlans.Contains(vlan))
            return Errno.ENXIO;
        return network.TryRemoveTagged(port, vlan) ? Errno.None : Errno.EADDRINUSE;
    }

    /// <summary>False if they cannot be a VLAN and a port; the port is null if there is none.</summary>
    private bool TryGetMember(ManagementCall call, out int vlan, out PortSettings? port)
    {
        port = null;
        if (!call.TryGetNumbers(out vlan, out int number) || !IsVlan(vlan) || number < 0 || number > network.PortLimit)
            return false;
        port = network.FindSettings(number);
        return true;
    }

    private Errno Print(ManagementCall call, bool withInactive)
    {
        if (call.Argument.Length == 0)
        {
            foreach (int vlan in network.Vlans)
                Write(call, vlan, withInactive);
            return Errno.None;
        }
        if (!IsVlan(call.Number))
            return Errno.EINVAL;
        if (!network.Vlans.Contains(call.Number))
            return Errno.ENXIO;
        Write(call, call.Number, withInactive);
        return Errno.None;
    }

    private void Write(ManagementCall call, int vlan, bool withInactive)
    {
        call.Line($"VLAN {vlan:0000}");
        foreach (PortSettings settings in network.PortSettings)
        {
            bool isUntagged = settings.UntaggedVlan == vlan;
            SwitchPort? port = network.FindPort(settings.Number);
            if ((!isUntagged && !settings.TaggedVlans.Contains(vlan)) || (port is null && !withInactive))
                continue;
            string status = port is null ? "Learning" : port.IsBlocked ? "Discarding" : "Forwarding";
            call.Line($" -- Port {settings.Number:0000} tagged={(isUntagged ? 0 : 1)} active={(port is null ? 0 : 1)} status={status}");
        }
    }

    private static bool IsVlan(int number) => number is >= Switch.DefaultVlan and < NoVlan;
}
