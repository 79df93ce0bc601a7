using System.Runtime.InteropServices;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>What a program does to forbid itself system calls. The calls are the kernel's; we only take note.</summary>
internal static unsafe class ProcessControl
{
    /// <summary>prctl(2). It is variadic in C; for integers alone both processors pass its arguments like these.</summary>
    [UnmanagedCallersOnly(EntryPoint = "prctl")]
    public static int Export(int option, nint a, nint b, nint c, nint d)
    {
        Startup.Ensure();
        Note(option);
        return Next.ProcessControl(option, a, b, c, d);
    }

    /// <summary>Called by our syscall() before a prctl(2).</summary>
    [UnmanagedCallersOnly(EntryPoint = "pyco_before_prctl")]
    public static void BeforePrctl(int option) => Note(option);

    /// <summary>Called by our syscall() before a seccomp(2), of which libc has no function.</summary>
    [UnmanagedCallersOnly(EntryPoint = "pyco_before_seccomp")]
    public static void BeforeSeccomp() => BusyPolling.Forbid();

    private static void Note(int option)
    {
        // Who has no privileges may filter his calls only after he has given up getting any.
        if (option is PrSetSeccomp or PrSetNoNewPrivileges)
            BusyPolling.Forbid();
    }
}
