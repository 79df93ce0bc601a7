using Pyco.Stack;
using Pyco.Vde.Switching;
using static Pyco.Network.Management.ManagementCommand;

namespace Pyco.Network.Management;

/// <summary>Commands for a spanning tree, which there is none of; see <see cref="LoopGuard"/>.</summary>
internal sealed class FstpCommands(Switch network)
{
    public IEnumerable<ManagementCommand> All =>
    [
        Menu("fstp", "FAST SPANNING TREE"),
        Show("fstp/showinfo", "", "show fstp info", ShowInfo),
        Change("fstp/setfstp", "0/1", "Fast spanning tree protocol: only 0=OFF here", Set),
    ];

    private Errno ShowInfo(ManagementCall call)
    {
        call.Line($"MAC {network.LoopGuard?.Mac} Priority 32768 (0x8000)");
        call.Line($"FSTP=false");
        return Errno.None;
    }

    private static Errno Set(ManagementCall call) => call.Number == 0 ? Errno.None : Errno.EOPNOTSUPP;
}
