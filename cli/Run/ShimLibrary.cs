using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyco.Cli.Startup;

namespace Pyco.Cli.Run;

/// <summary>Finds libpyco.so.</summary>
internal static class ShimLibrary
{
    /// <summary>Names another libpyco.so than the one beside the binary.</summary>
    public const string EnvironmentVariable = "PYCO_LIB";

    private const string FileName = "libpyco.so";

    /// <returns>An absolute path.</returns>
    /// <exception cref="LaunchException">It is not there, or its path cannot stand in LD_PRELOAD.</exception>
    public static string Find()
    {
        string path = Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } chosen
            ? AbsolutePath.Of(chosen)
            : FindBeside(Path.GetDirectoryName(Environment.ProcessPath) ?? "/");
        if (!File.Exists(path))
            throw new LaunchException($"no library at {path}, which ${EnvironmentVariable} names");
        if (path.AsSpan().ContainsAny(' ', ':'))
            throw new LaunchException($"the loader splits LD_PRELOAD at blanks and colons, and {path} has one: install it elsewhere");
        if (!IsLibrary(path))
            throw new LaunchException($"{path} is no library of this machine: without it the program would use the machine's own network");
        return path;
    }

    /// <summary>The loader only warns of what it cannot preload, and starts the program all the same.</summary>
    private static bool IsLibrary(string path)
    {
        using SafeFileHandle file = ReadOnlyFile.TryOpen(path) ??
            throw new LaunchException($"cannot read {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        return ElfFile.Classify(file) is not (ElfKind.None or ElfKind.Broken or ElfKind.ForeignMachine);
    }

    private static string FindBeside(string folder)
    {
        string[] candidates = [Path.GetFullPath($"{folder}/../lib/{FileName}"), $"{folder}/{FileName}"];
        return Array.Find(candidates, File.Exists) ??
            throw new LaunchException(
                $"{FileName} is neither at {candidates[0]} nor at {candidates[1]}: install it there, or name it in ${EnvironmentVariable}");
    }
}
