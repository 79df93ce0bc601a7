using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>What the program's signal handlers want of interrupted calls.</summary>
internal static unsafe class Signals
{
    /// <summary>
    /// True if every handler was installed with SA_RESTART. connect() is restarted after such a handler and poll(),
    /// in which ours waits, never is, and nobody tells which handler has run: if they differ, the answer is EINTR.
    /// </summary>
    internal static bool AllRestart()
    {
        const nint ignored = 1;
        for (int signal = 1; signal <= LastSignal; signal++)
        {
            KernelSignalAction action = default;
            if (Kernel.SignalAction(signal, &action) >= 0 && action.Handler is not (0 or ignored) &&
                (action.Flags & SaRestart) == 0)
                return false;
        }

        return true;
    }
}
