using System.Runtime.InteropServices;
using Pyco.Posix;

namespace Pyco.Cli.Startup;

/// <summary>Gives the program the signal dispositions that we were started with; see inherited_signals.c.</summary>
internal static partial class InheritedSignals
{
    /// <summary>To be called right before execve: from here on a write into a closed pipe may end us.</summary>
    /// <remarks>Handlers need no care, because execve resets them.</remarks>
    public static void Restore() => _ = Processes.signal(
        Processes.SignalPipe, WasPipeIgnored() != 0 ? Processes.SignalIgnore : Processes.SignalDefault);

    [LibraryImport("pyco_startup", EntryPoint = "pyco_sigpipe_was_ignored")]
    private static partial int WasPipeIgnored();
}
