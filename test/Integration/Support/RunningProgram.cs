using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Pyco.Integration.Tests.Support;

/// <summary>A program the test started: its output is collected, every wait for it ends, and disposing it kills it.</summary>
internal sealed partial class RunningProgram : IDisposable
{
    /// <summary>Far above what anything takes here, so that only a hang meets it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public const int SigKill = 9;
    public const int SigTerm = 15;
    public const int SigContinue = 18;
    public const int SigStop = 19;

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly string _commandLine;
    private int _endedStreams;

    private RunningProgram(Process process, string commandLine)
    {
        _process = process;
        _commandLine = commandLine;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Whether nothing more is printed: what a program has printed may become known after its end.</summary>
    private bool IsSilent => HasExited && Volatile.Read(ref _endedStreams) == 2;

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    /// <summary>What happened, for the report of a failed test.</summary>
    public string Transcript =>
        $"$ {_commandLine}   [{(HasExited ? $"exit status {_process.ExitCode}" : $"running as {Id}")}]\n{Output}{Errors}";

    public static RunningProgram Start(
        string file, IEnumerable<string> arguments, string folder, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin";
        start.Environment.Remove("VDE_SWITCH");
        start.Environment.Remove("LD_PRELOAD");
        foreach ((string name, string? value) in environment)
            start.Environment[name] = value;

        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start");
        var program = new RunningProgram(process, $"{file} {string.Join(' ', start.ArgumentList)}");
        process.OutputDataReceived += (_, line) => program.Append(program._output, line.Data);
        process.ErrorDataReceived += (_, line) => program.Append(program._errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return program;
    }

    public void WriteLine(string line) => Write($"{line}\n");

    public void Write(string text)
    {
        _process.StandardInput.Write(text);
        _process.StandardInput.Flush();
    }

    public void EndInput() => _process.StandardInput.Close();

    /// <summary>Waits until the program has printed <paramref name="text"/> on either stream.</summary>
    public void WaitForOutput(string text, TimeSpan? patience = null) =>
        Eventually.True(
            () =>
            {
                bool isSilent = IsSilent; // asked first, so that all that it has printed is looked at then
                return Output.Contains(text, StringComparison.Ordinal) || Errors.Contains(text, StringComparison.Ordinal) ||
                    (isSilent ? throw Unexpected($"ended before it printed '{text}'") : false);
            },
            () => $"'{text}' in the output of\n{Transcript}",
            patience ?? Patience);

    /// <summary>Waits for the end; the exit status, 128 + N for signal N.</summary>
    public int WaitForExit(TimeSpan? patience = null)
    {
        using CancellationTokenSource end = new(patience ?? Patience);
        try
        {
            _process.WaitForExitAsync(end.Token).GetAwaiter().GetResult(); // also until both streams are read to their end
        }
        catch (OperationCanceledException)
        {
            throw Unexpected(HasExited ? "has ended, but another one keeps its output open" : "did not end");
        }
        return _process.ExitCode;
    }

    /// <summary>Waits for the end, which has to be a good one; what the program printed on its standard output.</summary>
    public string Succeed(TimeSpan? patience = null)
    {
        if (WaitForExit(patience) != 0)
            throw Unexpected("failed");
        return Output;
    }

    public void Signal(int signal) => Signal(Id, signal);

    public static void Signal(int pid, int signal)
    {
        if (kill(pid, signal) != 0)
            throw new InvalidOperationException($"kill({pid}, {signal}): errno {Marshal.GetLastPInvokeError()}");
    }

    public void Terminate() => Signal(SigTerm);

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit(Patience);
        _process.Dispose();
    }

    private void Append(StringBuilder text, string? line)
    {
        if (line is null)
        {
            Interlocked.Increment(ref _endedStreams);
            return;
        }
        lock (text)
            text.Append(line).Append('\n');
    }

    private AssertionException Unexpected(string what) => new($"A program {what}:\n{Transcript}");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
