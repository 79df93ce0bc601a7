using Pyco.Network.Control;
using Pyco.Network.Plugs;
using Pyco.Stack;
using Pyco.Vde.Switching;
using static Pyco.Network.Management.ManagementCommand;

namespace Pyco.Network.Management;

/// <summary>Commands for ports.</summary>
internal sealed class PortCommands(VirtualNetwork network)
{
    private readonly Switch _switch = network.Switch;

    public IEnumerable<ManagementCommand> All =>
    [
        Menu("port", "PORT STATUS"),
        Show("port/showinfo", "", "show port info", ShowInfo),
        Change("port/setnumports", "N", "set the number of ports", SetLimit),
        Change("port/sethub", "0/1", "1=HUB 0=switch", SetHub),
        Change("port/setvlan", "N VLAN", "set port VLAN (untagged)", SetVlan),
        CreateAny with { IsChange = true },
        Change("port/create", "N", "create the port N (inactive|notallocatable)", Create),
        Change("port/remove", "N", "remove the port N", Remove),
        Change("port/allocatable", "N 0/1", "Is the port allocatable as unnamed? 1=Y 0=N", SetAllocatable),
        Change("port/setuser", "N user", "access control: set user", SetUser),
        Change("port/setgroup", "N user", "access control: set group", SetGroup),
        Change("port/epclose", "N ID", "remove the endpoint port N/id ID", CloseEndpoint),
        Change("port/resetcounter", "[N]", "reset the port (N) counters", ResetCounters),
        Show("port/print", "[N]", "print the port/endpoint table", call => Print(call, withInactive: false)),
        Show("port/allprint", "[N]", "print the port/endpoint table (including inactive port)", call => Print(call, withInactive: true)),
        Change("port/mirror", "N TO", "copy what passes port N to port TO (0=no more)", SetMirror),
    ];

    private ManagementCommand CreateAny => Show(
        "port/createauto",
        "",
        "create a port with an automatically allocated id (inactive|notallocatable)",
        call =>
        {
            if (_switch.TryCreatePort() is not { } settings)
                return Errno.ENOSPC;
            call.Line($"Port {settings.Number:0000}");
            return Errno.None;
        });

    private Errno ShowInfo(ManagementCall call)
    {
        call.Line($"Numports={_switch.PortLimit}");
        call.Line($"HUB={(_switch.IsHub ? "true" : "false")}");
        call.Line($"counters=true");
        return Errno.None;
    }

    private Errno SetLimit(ManagementCall call)
    {
        if (call.Number is <= 0 or > Switch.DefaultPortLimit)
            return Errno.EINVAL;
        if (_switch.PortSettings.Any(settings => settings.Number > call.Number))
            return Errno.EADDRINUSE;
        _switch.PortLimit = call.Number;
        return Errno.None;
    }

    private Errno SetHub(ManagementCall call)
    {
        _switch.IsHub = call.Number != 0;
        return Errno.None;
    }

    private Errno SetVlan(ManagementCall call)
    {
        if (!call.TryGetNumbers(out int number, out int vlan) || vlan is < 0 or > VlanCommands.NoVlan || !IsNumber(number))
            return Errno.EINVAL;
        return _switch.FindSettings(number) is { } settings &&
            _switch.TrySetUntaggedVlan(settings, vlan == VlanCommands.NoVlan ? null : vlan)
            ? Errno.None
            : Errno.ENXIO;
    }

    private Errno Create(ManagementCall call)
    {
        if (!IsNumber(call.Number))
            return Errno.EINVAL;
        return _switch.TryCreatePort(call.Number) is null ? Errno.EEXIST : Errno.None;
    }

    private Errno Remove(ManagementCall call)
    {
        if (!IsNumber(call.Number) && call.Number != 0)
            return Errno.EINVAL;
        if (_switch.FindSettings(call.Number) is null)
            return Errno.ENXIO;
        return _switch.TryRemovePort(call.Number) ? Errno.None : Errno.EADDRINUSE;
    }

    private Errno SetAllocatable(ManagementCall call)
    {
        if (!call.TryGetNumbers(out int number, out int value) || !IsNumber(number))
            return Errno.EINVAL;
        if (_switch.FindSettings(number) is not { } settings)
            return Errno.ENXIO;
        settings.IsAllocatable = value != 0;
        return Errno.None;
    }

    private Errno SetUser(ManagementCall call) =>
        SetAccess(call, AccountNames.Users, (settings, user) => settings.UserId = user);

    private Errno SetGroup(ManagementCall call) =>
        SetAccess(call, AccountNames.Groups, (settings, group) => settings.GroupId = group);

    private Errno SetAccess(ManagementCall call, Func<AccountNames> names, Action<PortSettings, uint?> set)
    {
        if (!call.TryGetNumberAndWord(out int number, out string name) || !IsNumber(number))
            return Errno.EINVAL;
        if (_switch.FindSettings(number) is not { } settings)
            return Errno.ENXIO;
        uint? id = names().FindId(name);
        if (id is null && name is not ("NONE" or "ANY"))
            return Errno.EINVAL;
        set(settings, id);
        return Errno.None;
    }

    private Errno CloseEndpoint(ManagementCall call)
    {
        if (!call.TryGetNumbers(out int number, out int endpoint) || !IsNumber(number))
            return Errno.EINVAL;
        if (_switch.FindPort(number) is not { } port || PortText.EndpointOf(port) != endpoint)
            return Errno.ENXIO;
        if (port is not PlugPort plug)
            return Errno.EOPNOTSUPP; // a host ends with its program
        network.Plugs.Remove(plug);
        return Errno.None;
    }

    private Errno ResetCounters(ManagementCall call)
    {
        if (call.Argument.Length == 0)
        {
            foreach (SwitchPort port in _switch.Ports)
                port.Counters.ResetTraffic();
            return Errno.None;
        }
        if (!IsNumber(call.Number))
            return Errno.EINVAL;
        _switch.FindPort(call.Number)?.Counters.ResetTraffic();
        return Errno.None;
    }

    private Errno Print(ManagementCall call, bool withInactive)
    {
        PortText text = new();
        bool isOne = call.Argument.Length > 0;
        if (isOne && !IsNumber(call.Number) && call.Number != 0)
            return Errno.EINVAL;
        bool isAny = false;
        foreach (PortSettings settings in _switch.PortSettings)
        {
            if (isOne && settings.Number != call.Number)
                continue;
            SwitchPort? port = _switch.FindPort(settings.Number);
            if (port is null && !withInactive)
                continue;
            text.Write(call, settings, port);
            isAny = true;
        }
        return isOne && !isAny ? Errno.ENXIO : Errno.None;
    }

    private Errno SetMirror(ManagementCall call)
    {
        if (!call.TryGetNumbers(out int number, out int to) || number == to)
            return Errno.EINVAL;
        SwitchPort? mirror = _switch.FindPort(to);
        if (_switch.FindPort(number) is not { } port || (mirror is null && to != 0))
            return Errno.ENXIO;
        port.Mirror = mirror;
        return Errno.None;
    }

    private bool IsNumber(int number) => number >= 1 && number <= _switch.PortLimit;
}
