using System.Diagnostics;

namespace Pyco.Shim.Tests.Support;

/// <summary>The built library, a C compiler, and programs to run under the one, made by the other.</summary>
internal static class Built
{
    /// <summary>Far above what anything takes here, so that only a hang meets it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    internal static string Root { get; } = FindRoot();

    internal static string Library
    {
        get
        {
            string path = Path.Combine(Root, "artifacts", "lib", "libpyco.so");
            Assert.That(path, Does.Exist, "build it with 'make programs'");
            return path;
        }
    }

    /// <summary>The names in the version script, which are the whole interface of the library.</summary>
    internal static string[] ExportList { get; } =
    [
        .. File.ReadAllLines(Path.Combine(Root, "native", "libpyco.map"))
            .Select(line => line.Trim())
            .Where(line => line.EndsWith(';') && line is not ("*;" or "};"))
            .Select(line => line.TrimEnd(';'))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Compiles a C file into the tests' output folder.</summary>
    internal static string Compile(string source, params string[] options)
    {
        string program = Path.Combine(AppContext.BaseDirectory, Path.GetFileNameWithoutExtension(source) + ".program");
        string path = Path.Combine(Root, source);
        Outcome outcome = Run("gcc", ["-Wall", "-Wextra", "-Werror", "-O1", .. options, "-o", program, path, "-pthread"]);
        Assert.That(outcome.Status, Is.Zero, outcome.Error);
        return program;
    }

    /// <summary>Runs a program to its end and gives what it printed.</summary>
    internal static Outcome Run(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Patience) || !Task.WaitAll([error, output], Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end within {Patience}");
        }

        return new(process.ExitCode, output.Result, error.Result);
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "PycoShim.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("no PycoShim.sln above the tests");
    }
}

internal sealed record Outcome(int Status, string Output, string Error);
