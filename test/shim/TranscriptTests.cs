using System.Diagnostics;
using Pyco.Shim.Tests.Support;

namespace Pyco.Shim.Tests;

/// <summary>The same program on the kernel's loopback and on ours, over a stock switch: its transcripts are equal.</summary>
internal sealed class TranscriptTests
{
    [Test]
    public void Socket_calls_answer_as_the_kernel_s_do()
    {
        string launcher = Path.Combine(Built.Root, "artifacts", "bin", "pyco-run");
        Assert.That(launcher, Does.Exist, "build it with 'make programs'");
        string program = Path.Combine(Built.Root, "test", "shim", "programs", "transcript.py");
        string kernel = Built.Run("python3", [program]).Output;
        string folder = Directory.CreateTempSubdirectory("pyco-shim-").FullName;
        string network = Path.Combine(folder, "switch");
        using Process vdeSwitch = Process.Start(
            new ProcessStartInfo("vde_switch", ["-s", network]) { RedirectStandardInput = true })!;
        try
        {
            SpinWait.SpinUntil(() => File.Exists(Path.Combine(network, "ctl")), TimeSpan.FromSeconds(10));

            // The host keeps stderr while it finishes connections; nobody has to wait for that.
            const string quietly = "exec \"$@\" 2>/dev/null";
            Outcome ours = Built.Run(
                "sh", ["-c", quietly, "sh", launcher, "-a", "10.40.0.9", "-f", network, "--", "python3", program]);
            Assert.That(ours.Output, Is.EqualTo(kernel));
        }
        finally
        {
            vdeSwitch.Kill();
            vdeSwitch.WaitForExit();
            Directory.Delete(folder, recursive: true);
        }
    }
}
