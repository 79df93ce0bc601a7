using Pyco.Cli.Run;
using Pyco.Host;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Cli.Host;

/// <summary>The stack host's process.</summary>
internal static class HostRole
{
    public static int Run()
    {
        HostOrder order = HostProcess.TakeOrder();
        HostProcess.LetGo();
        RunOptions options = order.Options;
        return StackHostProcess.Run(new StackHostOptions
        {
            Credentials = order.Credentials,
            Stack = new StackOptions
            {
                Mac = options.Mac,
                Addresses = options.Addresses,
                Gateway = options.Gateway,
                Mtu = options.Mtu,
            },
            OpenLink = frames => OpenLink(order, frames),
            ProgramPid = order.ProgramPid,
            ReadyDescriptor = Descriptors.Ready,
            InterfaceName = options.InterfaceName,
            Log = message => Tell(options, message),
        });
    }

    private static IPolledLink OpenLink(HostOrder order, FramePool frames)
    {
        RunOptions options = order.Options;
        VdePlug plug = VdePlug.Connect(
            options.Network,
            $"{Names.PycoRun} {options.Addresses[0].Address} {options.Program[0]} pid={order.ProgramPid} user={Environment.UserName}",
            frames,
            message => Tell(options, message));
        if (options.Verbosity == Verbosity.Verbose)
            Tell(options, $"plugged into {options.Network}, port {SwitchPort(plug)}");
        if (options.CaptureFile is not { } path)
            return plug;
        CapturedInterface described = new(options.InterfaceName, options.Mac, options.Addresses, options.Network.ToString());
        return new CapturingLink(
            plug, CaptureFile.Open(path, Names.PycoRun, described, message => Terminal.Error(Names.PycoRun, message)));
    }

    /// <summary>vde_switch names its socket for port 3 <c>003.9</c>; another switch may do otherwise.</summary>
    private static string SwitchPort(VdePlug plug) =>
        int.TryParse(Path.GetFileName(plug.SwitchSocket).Split('.')[0], out int port) ? $"{port}" : "unknown";

    private static void Tell(RunOptions options, string message)
    {
        if (options.Verbosity != Verbosity.Quiet)
            Terminal.Error(Names.PycoRun, message);
    }
}
