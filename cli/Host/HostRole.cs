using Pyco.Host;
using Pyco.Network;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Impairment;

namespace Pyco.Cli.Host;

/// <summary>The process that holds one program's stack, where the network is not ours.</summary>
internal static class HostRole
{
    public const string Name = "host";

    /// <summary>Starts one.</summary>
    /// <param name="order">What it is to be.</param>
    /// <param name="environment">The launcher's own.</param>
    /// <param name="capture">Where to write its frames, which is closed here; or -1.</param>
    /// <exception cref="LaunchException">It did not come up.</exception>
    public static HostReport Start(HostOrder order, Startup.ProgramEnvironment environment, int capture)
    {
        const string what = "stack host";
        string answer = DetachedProcess.Start(Name, what, order.Write(), environment, capture: capture);
        return HostReport.TryParse(answer, out HostReport? report)
            ? report
            : throw new LaunchException($"the {what} is of another version: install all of PycoShim again");
    }

    public static int Run()
    {
        HostOrder order = DetachedProcess.TakeOrder(Name, HostOrder.Read);
        DetachedProcess.LetGo();
        return StackHostProcess.Run(new StackHostOptions
        {
            Credentials = order.Credentials,
            Stack = new StackOptions
            {
                Mac = order.Mac ?? DefaultMac.For(order.Network, order.Addresses[0].Address),
                Addresses = order.Addresses,
                Gateway = order.Gateway,
                Mtu = order.Mtu,
                ConnectionSecret = SecretFile.Take(Environment.GetEnvironmentVariable),
            },
            OpenLink = (frames, clock) => OpenLink(order, frames, clock),
            Published = order.Published,
            ProgramPid = order.ProgramPid,
            ReadyDescriptor = Descriptors.Ready,
            InterfaceName = order.InterfaceName,
            NameServers = order.NameServers,
            SearchDomains = order.SearchDomains,
            Log = message => Tell(order, message),
        });
    }

    private static IPolledLink OpenLink(HostOrder order, FramePool frames, Func<Instant> clock)
    {
        VdePlug plug = VdePlug.Connect(
            order.Network,
            $"{Names.PycoRun} {order.Addresses[0].Address} {order.Command} pid={order.ProgramPid} user={Environment.UserName}",
            frames,
            message => Tell(order, message));
        if (order.Verbosity == Verbosity.Verbose)
            Tell(order, $"plugged into {order.Network}, port {SwitchPort(plug)}");
        IPolledLink link = order.Link.IsNone ? plug : new ImpairedLink(plug, order.Link.WithSeed(KernelEntropy.Instance), frames, clock);
        if (order.CaptureFile is not { } path)
            return link;
        CapturedInterface described = new(
            order.InterfaceName,
            order.Mac ?? DefaultMac.For(order.Network, order.Addresses[0].Address),
            order.Addresses,
            $"VDE plug in {order.Network}");
        return new CapturingLink(
            link,
            CaptureFile.Take(
                Descriptors.Capture, path, Names.PycoRun, described, message => Terminal.Error(Names.PycoRun, message)));
    }

    /// <summary>vde_switch names its socket for port 3 <c>003.9</c>; another switch may do otherwise.</summary>
    private static string SwitchPort(VdePlug plug) =>
        int.TryParse(Path.GetFileName(plug.SwitchSocket).Split('.')[0], out int port) ? $"{port}" : "unknown";

    private static void Tell(HostOrder order, string message)
    {
        if (order.Verbosity != Verbosity.Quiet)
            Terminal.Error(Names.PycoRun, message);
    }
}
