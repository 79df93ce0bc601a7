using System.Diagnostics;
using Pyco.Integration.Tests.Support;

namespace Pyco.Vde.Tests;

/// <summary>Debian's vde_switch in a temporary folder.</summary>
internal sealed class StockSwitch : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private StockSwitch(Process process, string path)
    {
        _process = process;
        Path = path;
    }

    public string Path { get; }

    public VnlLocator Locator => new(Path);

    public static StockSwitch Start(string path, params string[] options)
    {
        // Without a terminal the switch ends when its input does; a pipe that stays open keeps it.
        ProcessStartInfo start = new("vde_switch", ["-s", path, .. options])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process = Process.Start(start)!;
        Await.Until(() => ListeningSocket.Exists($"{path}/ctl"), Patience, $"vde_switch listens at {path}/ctl");
        return new StockSwitch(process, path);
    }

    public void Dispose()
    {
        _process.Kill();
        Assert.That(_process.WaitForExit(Patience), Is.True, "the killed switch ends");
        _process.Dispose();
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
