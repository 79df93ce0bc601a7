using System.Runtime;
using System.Runtime.InteropServices;

namespace Internal.Runtime.CompilerHelpers;

/// <summary>What ilc's code calls when it finds our own bug; there is nobody to catch, so the program ends loudly.</summary>
internal static class ThrowHelpers
{
    internal static void ThrowIndexOutOfRangeException() => abort();

    internal static void ThrowDivideByZeroException() => abort();

    internal static void ThrowOverflowException() => abort();

    internal static void ThrowNullReferenceException() => abort();

    internal static void ThrowInvalidProgramException() => abort();

    internal static void ThrowInvalidProgramExceptionWithArgument() => abort();

    [DllImport("libc"), SuppressGCTransition]
    private static extern void abort();
}

/// <summary>The calls with which libRuntime would note that a thread enters or leaves managed code: nothing to note.</summary>
internal static class StartupCodeHelpers
{
    [RuntimeExport("RhpReversePInvoke")]
    private static void ReversePInvoke(nint frame) => _ = frame;

    [RuntimeExport("RhpReversePInvokeReturn")]
    private static void ReversePInvokeReturn(nint frame) => _ = frame;

    [RuntimeExport("RhpPInvoke")]
    private static void PInvoke(nint frame) => _ = frame;

    [RuntimeExport("RhpPInvokeReturn")]
    private static void PInvokeReturn(nint frame) => _ = frame;

    [RuntimeExport("RhpGcPoll")]
    private static void GcPoll()
    {
    }

    [RuntimeExport("RhpFallbackFailFast")]
    private static void FailFast() => ThrowHelpers.ThrowInvalidProgramException();
}
