using Pyco.Host.Guarding;
using Pyco.Host.Loop;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>Stack hosts as a process of their own: one for each program on a switch that is not ours.</summary>
internal static class StackHostProcess
{
    /// <summary>
    /// Becomes the leader of a new session, brings the first host up, tells the launcher, and serves until the programs of all
    /// its hosts and their descendants are gone or SIGTERM comes.
    /// </summary>
    /// <param name="first">The first host.</param>
    /// <param name="readyDescriptor">
    /// Where to write one line, then closed: <c>ready PID PORT MAC ADDRESS/LEN...</c> (the host's own pid, for the environment
    /// variable) once the address is up, or <c>error TEXT</c>. -1 for nowhere.
    /// </param>
    /// <param name="sharing">Tells who may have further hosts in the process; null for nobody. Asked when the first one is plugged in.</param>
    /// <param name="guard">How to find one who wakes the programs if the process is killed.</param>
    /// <returns>The exit status: 0, or 1 after an error that was reported.</returns>
    public static int Run(StackHostOptions first, int readyDescriptor, Func<HostSharingOptions?> sharing, GuardOptions guard) =>
        BackgroundProcess.Run("pyco host", "the stack host", readyDescriptor, ready => Serve(first, ready, sharing, guard));

    private static void Serve(StackHostOptions first, ReadyLine ready, Func<HostSharingOptions?> sharing, GuardOptions guard)
    {
        using EventLoop loop = new(TimeProvider.System, BusyPolling.LimitOnSwitch);
        using Interruption interruption = new(loop);
        using StallBreaker breaker = new(loop); // before the hosts, so that it is there while they close their sockets
        using PluggedHosts hosts = new(loop, new GuardContact(loop, guard));
        loop.Turn(TimeSpan.Zero); // reads the clock
        PluggedHost firstHost = hosts.Add(first, new FirstLauncher(ready));
        SharingTurn? shared = null;
        bool hasTriedToShare = false;
        ProcessorChoice processors = new();
        Func<long> octetsSoFar = hosts.CountOctets;
        try
        {
            while (!loop.StopRequested && hosts.Count > 0)
            {
                Instant? look = processors.Advance(octetsSoFar, loop.Now);
                loop.Turn(look is { } at ? at - loop.Now : null);
                if (hasTriedToShare || !firstHost.IsPluggedIn)
                    continue;
                hasTriedToShare = true;
                if (!HostSharing.IsWorthwhile || sharing() is not { } options)
                    continue;
                shared = new SharingTurn(hosts, options);
                shared.Begin(loop.Now); // while the address is probed for: it takes no time from the launcher
            }
        }
        catch (Exception failure)
        {
            hosts.Report(failure); // while there is somebody to tell
            throw;
        }
        finally
        {
            shared?.Dispose();
        }
    }

    /// <summary>The one that has started the process.</summary>
    private sealed class FirstLauncher(ReadyLine ready) : IHostLauncher
    {
        public void Ready(HostReport report) => ready.TryTell($"ready {report}");

        public void TurnAway(string reason) => Refuse(reason);

        public void Refuse(string reason) => ready.TryTell($"error {reason.ReplaceLineEndings(" ")}");
    }
}
