using System.Diagnostics;
using System.Globalization;
using Pyco.Integration.Tests.Support;

namespace Pyco.Shim.Tests.Support;

/// <summary>A stock vde_switch in a temporary folder, on which programs run as hosts of their own.</summary>
internal sealed class VirtualNetwork : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("pyco-shim-").FullName;
    private readonly Process _switch;
    private int _lastAddress;

    internal VirtualNetwork()
    {
        Assert.That(Launcher, Does.Exist, "build it with 'make programs'");
        _switch = Process.Start(
            new ProcessStartInfo("vde_switch", ["-s", Control]) { RedirectStandardInput = true })!;
        if (SpinWait.SpinUntil(() => ListeningSocket.Exists(Path.Combine(Control, "ctl")), Patience))
            return;
        Dispose();
        Assert.Fail("vde_switch did not start");
    }

    private static string Launcher => Path.Combine(Built.Root, "artifacts", "bin", "pyco-run");

    private string Control => Path.Combine(_folder, "switch");

    /// <summary>Runs a program to its end at an address that no other has had.</summary>
    internal Outcome Run(string program, params string[] arguments) => RunWith([], program, arguments);

    /// <summary>The same with options of the launcher.</summary>
    internal Outcome RunWith(string[] options, string program, params string[] arguments)
    {
        string address = string.Create(CultureInfo.InvariantCulture, $"10.40.0.{Interlocked.Increment(ref _lastAddress)}");
        return Built.Run(Launcher, ["-a", address, "-f", Control, .. options, "--", program, .. arguments], ("XDG_RUNTIME_DIR", _folder));
    }

    public void Dispose()
    {
        if (!_switch.HasExited)
            _switch.Kill();
        _switch.WaitForExit();
        _switch.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
