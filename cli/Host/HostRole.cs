using Pyco.Cli.Startup;
using Pyco.Host;
using Pyco.Network;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Impairment;

namespace Pyco.Cli.Host;

/// <summary>The process that holds programs' stacks, where the network is not ours.</summary>
internal static class HostRole
{
    public const string Name = "host";

    /// <summary>The same, for people.</summary>
    public const string What = "stack host";

    /// <summary>Asked for once: the answer may come from another machine.</summary>
    private static readonly string UserName = Environment.UserName;

    /// <summary>Starts one.</summary>
    /// <param name="order">What its first host is to be.</param>
    /// <param name="environment">The launcher's own.</param>
    /// <param name="capture">Where to write its frames, which is closed here; or -1.</param>
    /// <exception cref="LaunchException">It did not come up.</exception>
    public static HostReport Start(HostOrder order, ProgramEnvironment environment, int capture)
    {
        if (order.SharedAs is not null)
            environment = environment.ForNoJob();
        return ReadReport(DetachedProcess.Start(Name, What, order.Write(), environment, capture: capture));
    }

    /// <summary>Understands what a host says of itself.</summary>
    public static HostReport ReadReport(string text) => HostReport.TryParse(text, out HostReport? report)
        ? report
        : throw new LaunchException($"the {What} is of another version: install all of PycoShim again");

    /// <param name="environment">The process's own.</param>
    public static int Run(ProgramEnvironment environment)
    {
        HostOrder order = DetachedProcess.TakeOrder(Name, HostOrder.Read);
        DetachedProcess.LetGo();
        ConnectionSecret secret = SecretFile.Take(Environment.GetEnvironmentVariable);
        return StackHostProcess.Run(
            OptionsFor(order, secret, MessageOutput.OfProcess(), order.CaptureFile is null ? -1 : Descriptors.Capture),
            Descriptors.Ready,
            () => SharingFor(order, secret),
            GuardRole.OptionsFor(environment));
    }

    /// <summary>Null also if this process is not what the launcher took it for.</summary>
    private static HostSharingOptions? SharingFor(HostOrder order, ConnectionSecret secret)
    {
        if (order.SharedAs is not { } name || name != SharingName.Find(LaunchTerms.Own, order.Network, Environment.GetEnvironmentVariable))
            return null;
        return new HostSharingOptions
        {
            Name = name,
            NetworkPath = order.Network.Path,
            Admits = pid => LaunchTerms.Of(pid) == LaunchTerms.Own && LaunchTerms.IsWaitedForAlike(pid),
            Make = (other, standardError, capture) => OptionsFor(other, secret, new MessageOutput(standardError), capture),
        };
    }

    private static StackHostOptions OptionsFor(HostOrder order, ConnectionSecret secret, MessageOutput output, int capture)
    {
        MacAddress mac = order.Mac ?? DefaultMac.For(order.Network, order.Addresses[0].Address);
        void Report(string message) => output.Write(Names.PycoRun, message);
        void Tell(string message)
        {
            if (order.Verbosity != Verbosity.Quiet)
                Report(message);
        }

        return new StackHostOptions
        {
            Credentials = order.Credentials,
            Stack = new StackOptions
            {
                Mac = mac,
                Addresses = order.Addresses,
                Gateway = order.Gateway,
                Mtu = order.Mtu,
                ConnectionSecret = secret,
            },
            Network = order.Network,
            PortDescription =
                $"{Names.PycoRun} {order.Addresses[0].Address} {order.Command} pid={order.ProgramPid} user={UserName}",
            Cable = (plug, frames, clock) => LayCable(plug, frames, clock, TakeCapture()),
            Published = order.Published,
            ProgramPid = order.ProgramPid,
            InterfaceName = order.InterfaceName,
            NameServers = order.NameServers,
            SearchDomains = order.SearchDomains,
            Log = Tell,
            ReportBug = Report,
            ProgramEnded = output.Close,
            Ended = End,
        };

        int TakeCapture()
        {
            int taken = capture;
            capture = -1;
            return taken;
        }

        void End()
        {
            output.Close();
            if (TakeCapture() is >= 0 and int unused)
                _ = Libc.close(unused);
        }

        IPolledLink LayCable(VdePlug plug, FramePool frames, Func<Instant> clock, int captureDescriptor)
        {
            if (order.Verbosity == Verbosity.Verbose)
                Tell($"plugged into {order.Network}, port {SwitchPort(plug)}");
            IPolledLink link = order.Link.IsNone ? plug : new ImpairedLink(plug, order.Link.WithSeed(KernelEntropy.Instance), frames, clock);
            if (captureDescriptor < 0)
                return link;
            CapturedInterface described = new(order.InterfaceName, mac, order.Addresses, $"VDE plug in {order.Network}");
            return new CapturingLink(
                link, CaptureFile.Take(captureDescriptor, order.CaptureFile ?? "the capture", Names.PycoRun, described, Report));
        }
    }

    /// <summary>vde_switch names its socket for port 3 <c>003.9</c>; another switch may do otherwise.</summary>
    private static string SwitchPort(VdePlug plug) =>
        int.TryParse(Path.GetFileName(plug.SwitchSocket).Split('.')[0], out int port) ? $"{port}" : "unknown";
}
