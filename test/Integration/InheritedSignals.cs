using System.Runtime.InteropServices;

namespace Pyco.Integration.Tests;

/// <summary>
/// Lets Ctrl-C reach what the tests start. A shell starts what runs in the background with SIGINT ignored, and that would
/// pass through the tests' own process to all programs.
/// </summary>
[SetUpFixture]
internal sealed partial class InheritedSignals
{
    private const int SigInt = 2;
    private const nint Default = 0;

    [OneTimeSetUp]
    public void TakeDefaultOfInterrupt() => _ = signal(SigInt, Default);

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);
}
