using static Pyco.Posix.OptionNumbers;
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
        for (int signal = 1; signal <= LastSignal; signal++)
        {
            if (Interrupts(signal, isNeverRestarted: false))
                return false;
        }

        return true;
    }

    /// <summary>True if one of these signals ends a receiving call that waits, once it is let in.</summary>
    /// <param name="signals">Signal n is bit n - 1.</param>
    /// <param name="fd">The socket that the call is about.</param>
    internal static bool AnyInterrupts(ulong signals, int fd)
    {
        if (signals == 0)
            return false;
        bool isNeverRestarted = Descriptor.TimeoutMilliseconds(fd, SoRcvTimeo) >= 0; // also after SA_RESTART (signal(7))
        for (int signal = 1; signals != 0; signal++, signals >>= 1)
        {
            if ((signals & 1) != 0 && Interrupts(signal, isNeverRestarted))
                return true;
        }

        return false;
    }

    private static bool Interrupts(int signal, bool isNeverRestarted)
    {
        const nint ignored = 1;
        KernelSignalAction action = default;
        return Kernel.SignalAction(signal, &action) >= 0 && action.Handler is not (0 or ignored) &&
            (isNeverRestarted || (action.Flags & SaRestart) == 0);
    }
}
