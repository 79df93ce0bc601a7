using System.Globalization;
using Pyco.Cli.Startup;
using Pyco.Host;
using Pyco.Host.Bridge;
using Pyco.Host.Control;
using Pyco.Host.Guarding;
using Pyco.Posix;

namespace Pyco.Cli.Host;

/// <summary>The process that outlives a user's stack hosts and networks, and wakes their programs if they are killed.</summary>
internal static class GuardRole
{
    public const string Name = "guard";

    /// <summary>For a process that may need one.</summary>
    /// <param name="environment">The process's own.</param>
    public static GuardOptions OptionsFor(ProgramEnvironment environment) =>
        new(FindName, (name, contact) => TryStart(name, contact, environment));

    /// <param name="words">The abstract name where it listens.</param>
    public static int Run(params ReadOnlySpan<string> words)
    {
        if (words is not [string name] || KernelSockets.TypeOf(Descriptors.Order) != Constants.SockStream)
            throw DetachedProcess.StartedByHand(Name);
        _ = Processes.chdir("/");
        OrphanedListeners orphans = new();
        orphans.Learn(); // before anybody but the starter can ask to be guarded
        if (PendingConnection.ReadPeer(Descriptors.Order).ProcessId != Libc.getppid())
            orphans.Forget(); // the starter has ended already, and some may be its own
        return BackgroundProcess.Run("pyco guard", "the guard", readyDescriptor: -1, _ => Guard.Run(name, Descriptors.Order, orphans.TryWakeNew));
    }

    /// <summary>
    /// The abstract name where this process's guard listens. It is the same only for processes that may share one, and whose end the same
    /// one waits for: the guard of one may last for as long as another.
    /// </summary>
    private static string FindName()
    {
        string terms = LaunchTerms.Own?.Text ?? $"only process {Environment.ProcessId}";
        return HashedName.Of(
            "pyco-guard-",
            terms,
            Libc.getppid().ToString(CultureInfo.InvariantCulture),
            Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "");
    }

    /// <summary>Starts one as a child of this process.</summary>
    private static bool TryStart(string name, int contact, ProgramEnvironment environment)
    {
        // Nobody waits for it: should it end first, nothing is kept of it (wait(2)). There are no other children.
        _ = Processes.signal(Processes.SignalChild, Processes.SignalIgnore);
        try
        {
            DetachedProcess.StartBeside([Name, name], contact, environment.ForNoJob()); // it may serve others when this process has ended
            return true;
        }
        catch (LaunchException)
        {
            return false; // out of processes, or of memory
        }
    }
}
