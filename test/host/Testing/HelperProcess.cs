using System.Diagnostics;

namespace Pyco.Host.Tests.Testing;

/// <summary>A small process that lives until its standard input ends, which disposing brings about.</summary>
internal sealed class HelperProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private bool _hasEnded;

    private HelperProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public static HelperProcess Start(string program, params IEnumerable<string> arguments) => Start(program, [], arguments);

    public static HelperProcess Start(
        string program, (string Name, string Value)[] environment, params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return new(Process.Start(start) ?? throw new AssertionException($"{program} did not start"));
    }

    public string? ReadLine() => _process.StandardOutput.ReadLine();

    /// <summary>Ends it with SIGKILL, and waits until it has ended.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Lets the process end, and waits until it has.</summary>
    public void Dispose()
    {
        if (_hasEnded)
            return;
        _hasEnded = true;
        _process.StandardInput.Close();
        if (!_process.WaitForExit(Patience))
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
