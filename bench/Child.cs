using System.Diagnostics;

namespace Pyco.Bench;

/// <summary>A program that a measure has started; disposing it ends it.</summary>
internal sealed class Child : IDisposable
{
    /// <summary>Far above what any program takes here beyond its own measuring time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;
    private readonly string _command;

    private Child(Process process, string command)
    {
        _process = process;
        _command = command;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    public static Child Start(params IReadOnlyList<string> command)
    {
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin";
        Process process = Process.Start(start) ?? throw new BenchException($"{command[0]} did not start");
        return new Child(process, string.Join(' ', command));
    }

    /// <summary>Runs a program to its end; what it printed on its standard output.</summary>
    /// <exception cref="BenchException">It failed.</exception>
    public static string Run(params IReadOnlyList<string> command)
    {
        using Child child = Start(command);
        return child.Succeed();
    }

    /// <summary>The exit status.</summary>
    public int Wait()
    {
        if (!_process.WaitForExit(Patience))
            throw new BenchException($"did not end within {Patience.TotalSeconds} s: {_command}");
        return _process.ExitCode;
    }

    public string Succeed()
    {
        int status = Wait();
        return status == 0
            ? _output.Result
            : throw new BenchException($"exit status {status}: {_command}\n{_output.Result}{_errors.Result}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit(Patience);
        _process.Dispose();
    }
}

/// <summary>A measure could not be taken; the message says what happened.</summary>
internal sealed class BenchException(string message) : Exception(message);
