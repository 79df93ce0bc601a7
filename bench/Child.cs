using System.ComponentModel;
using System.Diagnostics;

namespace Pyco.Bench;

/// <summary>A program that a measure has started; disposing it ends it.</summary>
internal sealed class Child : IDisposable
{
    /// <summary>Far above what any program takes here.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan PatienceAtEnd = TimeSpan.FromSeconds(10);

    /// <summary>What a program has that SIGINT ended.</summary>
    private const int InterruptedStatus = 130;

    private const int AttemptsAtEnd = 5;

    private readonly Process _process;
    private readonly ChildOutput _output;
    private readonly ChildOutput _errors;
    private readonly string _command;

    private Child(Process process, string command)
    {
        _process = process;
        _command = command;
        _output = new ChildOutput(process.StandardOutput);
        _errors = new ChildOutput(process.StandardError);
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>What it has printed on its standard output, when it has ended.</summary>
    public string Output
    {
        get
        {
            _output.WaitForEnd();
            return _output.Text;
        }
    }

    /// <summary>What it has printed on its standard error.</summary>
    public string Errors => _errors.Text;

    public static Child Start(params IReadOnlyList<string> command)
    {
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin";
        try
        {
            return new Child(Process.Start(start)!, string.Join(' ', command));
        }
        catch (Win32Exception failure)
        {
            throw new BenchException($"{command[0]} does not start: {failure.Message}");
        }
    }

    /// <summary>Runs a program to its end; what it printed on its standard output.</summary>
    /// <exception cref="BenchException">It failed.</exception>
    public static string Run(params IReadOnlyList<string> command)
    {
        using Child child = Start(command);
        return child.Succeed();
    }

    /// <summary>Runs a program that cleans up, interrupted or not; what goes wrong is told, unless it is done anyway.</summary>
    public static void RunAtEnd(Func<bool> isDone, params IReadOnlyList<string> command)
    {
        for (int attempt = 0; ; attempt++)
        {
            using Child child = Start(command);
            int status = child._process.WaitForExit(PatienceAtEnd) ? child._process.ExitCode : -1;
            if (status == 0 || isDone())
                return;
            // Ctrl-C goes to the whole group of the terminal, and may reach what was started because of it.
            if (status == InterruptedStatus && attempt < AttemptsAtEnd)
                continue;
            child._errors.WaitForEnd();
            string how = status < 0 ? "does not end" : $"exit status {status}";
            Console.Error.WriteLine($"bench: {how}: {child._command}\n{child._errors.Text}");
            return;
        }
    }

    /// <summary>The exit status.</summary>
    public int Wait()
    {
        try
        {
            if (!_process.WaitForExitAsync().Wait(Patience, Interruption.Token))
                throw new BenchException($"did not end within {Patience.TotalSeconds} s: {_command}");
        }
        catch (OperationCanceledException)
        {
            throw new BenchException("interrupted");
        }
        return _process.ExitCode;
    }

    public string Succeed()
    {
        int status = Wait();
        return status == 0 ? Output : throw Failed($"exit status {status}");
    }

    /// <summary>Waits until the program has printed a line that begins so; what follows the beginning.</summary>
    public string WaitForLine(string beginning)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            bool hasEnded = HasEnded;
            if (_output.TakeLine(beginning) is { } line)
                return line[beginning.Length..];
            if (hasEnded)
                throw Failed($"exit status {_process.ExitCode}");
            if (Stopwatch.GetElapsedTime(begin) > Patience)
                throw Failed($"told no '{beginning}' within {Patience.TotalSeconds} s");
            Interruption.Sleep(TimeSpan.FromMilliseconds(5));
        }
    }

    /// <summary>Writes a line to the program's standard input.</summary>
    public void Tell(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            throw Failed("it has ended");
        }
    }

    /// <summary>Ends a program that ends with its standard input.</summary>
    public void EndInput()
    {
        _process.StandardInput.Close();
        _process.WaitForExit(PatienceAtEnd);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit(Patience);
        _process.Dispose();
    }

    private BenchException Failed(string how)
    {
        // Ctrl-C may have reached the program before us.
        bool isInterrupted = HasEnded && _process.ExitCode == InterruptedStatus && Interruption.Token.WaitHandle.WaitOne(PatienceAtEnd / 20);
        _errors.WaitForEnd();
        return new BenchException(isInterrupted ? "interrupted" : $"{how}: {_command}\n{_output.Text}{_errors.Text}");
    }
}
