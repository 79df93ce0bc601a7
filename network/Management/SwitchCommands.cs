using Pyco.Stack;
using static Pyco.Network.Management.ManagementCommand;

namespace Pyco.Network.Management;

/// <summary>Commands for the switch as a whole, and for the session.</summary>
internal sealed class SwitchCommands(VirtualNetwork network, string path, Func<IEnumerable<ManagementCommand>> commands)
{
    /// <summary>The first line's beginning is what scripts look for.</summary>
    public const string Banner = "VDE switch V.2.3.2 (PycoShim)\nA network of pyco-net: not vde_switch, but spoken to like it.";

    /// <summary>A result that is no errno.</summary>
    public const Errno SessionEnds = (Errno)(-1);

    public IEnumerable<ManagementCommand> All =>
    [
        Menu("ds", "DATA SOCKET"),
        Show("ds/showinfo", "", "show ds info", ShowSockets),
        Show("help", "[arg]", "Help (limited to arg when specified)", Help),
        new("logout", "", "logout from this mgmt terminal", _ => SessionEnds),
        Change("shutdown", "", "shutdown of the switch", ShutDown),
        Show("showinfo", "", "show switch version and info", ShowInfo),
    ];

    private Errno ShowSockets(ManagementCall call)
    {
        call.Line($"ctl dir {network.Folder.Path}");
        call.Line($"std mode 0{Mode}");
        return Errno.None;
    }

    private Errno Help(ManagementCall call)
    {
        call.Line($"{"COMMAND PATH",-18} {"SYNTAX",-15} {"HELP"}");
        call.Line($"{"------------",-18} {"--------------",-15} {"------------"}");
        foreach (ManagementCommand command in commands())
        {
            if (command.Path.StartsWith(call.Argument, StringComparison.Ordinal))
                call.Line($"{command.Path,-18} {command.Syntax,-15} {command.Help}");
        }
        return Errno.None;
    }

    private Errno ShutDown(ManagementCall call)
    {
        network.Log($"stopped by pid {call.Caller.Peer.ProcessId} from the management socket");
        network.Loop.StopRequested = true;
        return SessionEnds;
    }

    private Errno ShowInfo(ManagementCall call)
    {
        int uptime = (int)(DateTime.UtcNow - network.StartedAt).TotalSeconds;
        call.Line($"{Banner}");
        call.Line($"");
        call.Line($"pid {Environment.ProcessId} MAC {network.Switch.LoopGuard?.Mac} uptime {uptime}");
        call.Line($"mgmt {path} perm 0{Mode}");
        return Errno.None;
    }

    private string Mode => Convert.ToString((int)network.Options.Mode, 8).PadLeft(3, '0');
}
