using Pyco.Cli.Host;
using Pyco.Cli.Net;
using Pyco.Cli.Startup;
using Pyco.Host;
using Pyco.Network;
using Pyco.Posix;
using Pyco.Vde;

namespace Pyco.Cli.Run;

/// <summary>Gets the program a stack: in a network of ours, or in a process of its own beside another's switch.</summary>
internal static class NetworkJoin
{
    /// <summary>
    /// Up to so many processors, hosts share a process: they would only be in each other's way. With more, each has one, so that several
    /// can be at work at once (decision 22).
    /// </summary>
    private const int FewProcessors = 3;

    /// <exception cref="IOException">It got none; the message is for the user.</exception>
    public static HostReport Join(RunOptions options, HostCredentials credentials, ProgramEnvironment environment)
    {
        HostOrder order = options.ToOrder(credentials, Libc.getpid());
        string path = options.Network.Path;
        using NetworkClient? network = options.IsDefaultNetwork
            ? NetworkRole.ConnectOrStart(path, environment)
            : NetworkClient.TryConnect(path);
        if (network is not null)
        {
            return options.SharesProcess is null
                ? Join(network, order)
                : throw LaunchException.Mistake("--process is for a stock switch: the stacks of a network of pyco-net live in its process");
        }
        if (NetworkClient.Exists(path))
            throw new LaunchException($"the network at {path} has ended: start it again: pyco-net start {path}");
        if (!Path.Exists(path))
            throw new LaunchException($"no network at {path}: start one: pyco-net start {path}, or vde_switch -s {path} -d");
        string? fault = FindFault(order);
        if (fault is not null || order.CaptureFile is not null)
            VdePlug.FindSwitch(order.Network); // without a switch there, all else is to no purpose, and no file is made
        return fault is null ? Plug(options, order, environment) : throw new LaunchException(fault);
    }

    /// <summary>In a process that holds others of this user's hosts on the switch, or in a new one.</summary>
    private static HostReport Plug(RunOptions options, HostOrder order, ProgramEnvironment environment)
    {
        if (options.SharesProcess ?? Environment.ProcessorCount <= FewProcessors)
            order = order with { SharedAs = SharingName.Find(LaunchTerms.Own, order.Network, Environment.GetEnvironmentVariable) };
        int capture = OpenCapture(order);
        return SharedHost.TryJoin(order, capture) ?? HostRole.Start(order, environment, capture);
    }

    /// <summary>
    /// Opened here, with this user's rights, because the network's process may be another user's; and because only here
    /// /dev/stdout and a shell's <c>&gt;(command)</c> are what the user means.
    /// </summary>
    private static int OpenCapture(HostOrder order) =>
        order.CaptureFile is { } path ? CaptureFile.OpenDescriptor(path) : -1;

    /// <summary>What a stock switch cannot do.</summary>
    private static string? FindFault(HostOrder order)
    {
        if (order.Addresses.Count == 0)
            return "no address given: say which with -a, such as -a 10.40.0.32 (only networks of pyco-net choose one)";
        if (order.Mtu > VdePlug.LargestMtu)
        {
            return $"the switch at {order.Network.Path} carries IP packets of at most {VdePlug.LargestMtu} octets: " +
                $"give --mtu no more than that, or start a network with pyco-net start --mtu {order.Mtu}";
        }
        return AddressCheck.FindFault(order.Addresses, order.Gateway);
    }

    private static HostReport Join(NetworkClient network, HostOrder order)
    {
        const string ready = "ready ";
        ReadOnlySpan<int> capture = order.CaptureFile is { } path ? [CaptureFile.OpenDescriptor(path)] : [];
        string answer = network.Ask("join", order.Write(), capture);
        if (!answer.StartsWith(ready, StringComparison.Ordinal) || !HostReport.TryParse(answer[ready.Length..], out HostReport? report))
            throw new LaunchException("the network is of another version: stop it with pyco-net stop");
        if (order.Verbosity == Verbosity.Verbose)
            Terminal.Error(Names.PycoRun, $"plugged into {order.Network.Path}, port {report.Port}");
        return report;
    }
}
