using System.Runtime.InteropServices;

namespace Pyco.Shim;

/// <summary>What the checking forms of calls do first (feature_test_macros(7), _FORTIFY_SOURCE).</summary>
internal static class Fortify
{
    /// <summary>Ends a program that says that its buffer is larger than it is, as glibc does.</summary>
    internal static void Check(nuint length, nuint capacity)
    {
        if (length > capacity)
            __chk_fail();
    }

    [DllImport("libc"), SuppressGCTransition]
    private static extern void __chk_fail();
}
