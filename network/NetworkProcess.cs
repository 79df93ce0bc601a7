using Pyco.Host;
using Pyco.Host.Guarding;
using Pyco.Host.Loop;
using Pyco.Posix;

namespace Pyco.Network;

/// <summary>A network as a process of its own.</summary>
public static class NetworkProcess
{
    private const int StandardError = 2;

    /// <summary>Runs a network until it is stopped or SIGTERM comes.</summary>
    /// <param name="options">What it is to be.</param>
    /// <param name="readyDescriptor">Where to write one line, then closed: <c>ready PID</c>, or <c>error TEXT</c>.</param>
    /// <param name="environment">Looks a variable up.</param>
    /// <param name="guard">How to find one who wakes the programs if the process is killed.</param>
    /// <returns>The exit status: 0, or 1 after an error that was reported.</returns>
    public static int Run(NetworkOptions options, int readyDescriptor, Func<string, string?> environment, GuardOptions guard)
    {
        ArgumentNullException.ThrowIfNull(options);
        return BackgroundProcess.Run("pyco-net", "the network", readyDescriptor, ready => Serve(options, ready, environment, guard));
    }

    private static void Serve(NetworkOptions options, ReadyLine ready, Func<string, string?> environment, GuardOptions guard)
    {
        using NetworkFolder folder = NetworkFolder.Claim(options);
        using NetworkLog log = new(folder.Log);
        using EventLoop loop = new(TimeProvider.System, BusyPolling.UsualLimit);
        using Interruption interruption = new(loop);
        using StallBreaker breaker = new(loop); // before the network, so that it is there while that closes its sockets
        loop.Turn(TimeSpan.Zero); // reads the clock
        using VirtualNetwork network = new(loop, options, folder, log) { Guard = new GuardContact(loop, guard) };
        using Registration registration = Registration.Of(options.Path, environment);
        RedirectErrors(folder.Log);
        log.Write($"network {options.Path} is up: {options.Subnet}, pid {Environment.ProcessId}");
        ready.TryTell($"ready {Environment.ProcessId}");
        loop.Run();
        log.Write("ends");
    }

    /// <summary>What the runtime has to say at a crash goes where the user will look.</summary>
    private static void RedirectErrors(string path)
    {
        const int appendOnly = 0x401; // O_WRONLY | O_APPEND
        int descriptor = Processes.open(path, appendOnly | Processes.CloseOnExec, 0);
        if (descriptor < 0)
            return;
        _ = Processes.dup2(descriptor, StandardError);
        _ = Libc.close(descriptor);
    }
}
