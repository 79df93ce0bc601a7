using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Cli.Run;

/// <summary>Finds the program as execvp(3) does, and sees beforehand what would make it escape from the network.</summary>
internal static class ProgramFile
{
    /// <summary>What execvp(3) gives files that the kernel does not know.</summary>
    public const string Shell = "/bin/sh";

    /// <summary>Linux follows this many interpreters of interpreters (fs/exec.c).</summary>
    private const int MaximumInterpreters = 5;

    /// <summary>BINPRM_BUF_SIZE: how much of a script's first line Linux reads.</summary>
    private const int ScriptLineCapacity = 256;

    /// <summary>What execvp(3) takes when the environment has no PATH.</summary>
    private const string StandardPath = "/bin:/usr/bin";

    /// <summary>Finds a program by its name.</summary>
    /// <param name="name">A path if it has a slash, else a name to look up.</param>
    /// <param name="searchPath">$PATH, or null if it is not set.</param>
    /// <exception cref="LaunchException">127 if there is none, 126 if the only ones are not executable.</exception>
    public static string Find(string name, string? searchPath)
    {
        if (name.Length == 0)
            throw new LaunchException("the program's name is empty", ExitStatus.NotFound);
        if (name.Contains('/', StringComparison.Ordinal))
        {
            if (!FileStatus.TryGet(name, out FileStatus status))
            {
                var error = (Errno)Marshal.GetLastPInvokeError();
                throw error switch
                {
                    Errno.EACCES => NotExecutable(name),
                    Errno.ENOENT => new LaunchException($"{name}: no such program", ExitStatus.NotFound),
                    // Such as a circle of links, or a file where a folder should be.
                    _ => new LaunchException($"cannot run {name}: {Marshal.GetPInvokeErrorMessage((int)error)}", ExitStatus.NotExecutable),
                };
            }
            if (!status.IsRegularFile)
                throw new LaunchException($"{name} is {(status.IsDirectory ? "a directory" : "no regular file")}", ExitStatus.NotExecutable);
            return IsExecutable(name) ? name : throw NotExecutable(name);
        }
        string? blocked = null;
        foreach (string folder in (searchPath ?? StandardPath).Split(':'))
        {
            string path = folder.Length == 0 ? $"./{name}" : $"{folder}/{name}";
            if (!FileStatus.TryGet(path, out FileStatus status) || !status.IsRegularFile)
                continue;
            if (IsExecutable(path))
                return path;
            blocked ??= path;
        }
        throw blocked is null
            ? new LaunchException($"{name}: no such program in $PATH", ExitStatus.NotFound)
            : NotExecutable(blocked);
    }

    /// <summary>Refuses what cannot be preloaded: it would run, but in the machine's own network.</summary>
    /// <returns>True if it is to be run by <see cref="Shell"/>, being neither a binary nor a script with an interpreter.</returns>
    /// <exception cref="LaunchException">It cannot be run in the virtual network.</exception>
    public static bool NeedsShell(string path)
    {
        if (Check(path, path, MaximumInterpreters))
            return false;
        _ = Check(Shell, path, 1);
        return true;
    }

    private static bool Check(string path, string program, int interpretersLeft)
    {
        CheckPrivileges(path, program);
        using SafeFileHandle? file = ReadOnlyFile.TryOpen(path);
        if (file is null)
        {
            var error = (Errno)Marshal.GetLastPInvokeError();
            // What may be run but not read (mode 111) cannot be looked into; the loader preloads into it all the same.
            return error == Errno.EACCES ? true : throw new LaunchException($"cannot read {path}: {Marshal.GetPInvokeErrorMessage((int)error)}");
        }
        switch (ElfFile.Classify(file))
        {
            case ElfKind.Dynamic:
                return true;
            case ElfKind.Static when !IsLoader(path):
                throw CannotPreload(path, program, "is statically linked", "use a dynamically linked build of it");
            case ElfKind.ForeignMachine:
                throw CannotPreload(path, program, "is for another processor", "use a 64-bit build for this machine");
            case ElfKind.ForeignLibrary:
                throw CannotPreload(path, program, "is for another C library (musl)", "use a build for glibc");
            case ElfKind.Go:
                throw new LaunchException(
                    $"{program} cannot be put into the virtual network: {Subject(path, program)} is written in Go, and makes its " +
                    "system calls without libc; use another program, or vdens for this one",
                    ExitStatus.NotExecutable);
            case ElfKind.Broken:
                throw new LaunchException($"{path} is not a valid program", ExitStatus.NotExecutable);
            case ElfKind.Static:
                return true;
        }
        if (ReadInterpreter(file) is not { } interpreter)
            return false;
        if (!FileStatus.TryGet(interpreter, out _) && (Errno)Marshal.GetLastPInvokeError() == Errno.ENOENT)
            throw new LaunchException($"{path}: its interpreter {interpreter} does not exist", ExitStatus.NotExecutable);
        if (!IsExecutable(interpreter))
            throw NotExecutable(interpreter);
        if (interpretersLeft == 0)
            throw new LaunchException($"{path}: too many interpreters of interpreters", ExitStatus.NotExecutable);
        return Check(interpreter, program, interpretersLeft - 1);
    }

    /// <summary>The loader as a program (<c>/lib64/ld-linux-x86-64.so.2 ./app</c>) has no loader itself, but preloads.</summary>
    private static bool IsLoader(string path) =>
        Path.GetFileName(path) is { } name && (name.StartsWith("ld-linux", StringComparison.Ordinal) || name == "ld.so");

    /// <summary>The loader ignores LD_PRELOAD where the kernel gives more rights than the caller has (AT_SECURE).</summary>
    private static unsafe void CheckPrivileges(string path, string program)
    {
        if (!FileStatus.TryGet(path, out FileStatus status))
            return;
        bool setUser = (status.Mode & FileStatus.SetUserId) != 0 && status.UserId != Processes.getuid();
        bool setGroup = (status.Mode & FileStatus.SetGroupId) != 0 && status.GroupId != Processes.getgid();
        if (setUser || setGroup)
        {
            throw CannotPreload(
                path, program, $"is set{(setUser ? "uid" : "gid")}", "run a copy without that bit, or run it as the user it changes to");
        }
        if (Processes.getuid() != 0 && Processes.getxattr(path, "security.capability", null, 0) > 0)
            throw CannotPreload(path, program, "has file capabilities", "run a copy of it, which has none");
    }

    private static LaunchException CannotPreload(string path, string program, string why, string cure) => new(
        $"{program} cannot be put into the virtual network: {Subject(path, program)} {why}, " +
        $"and the loader preloads nothing into such a program; {cure}",
        ExitStatus.NotExecutable);

    private static string Subject(string path, string program) => path == program ? "it" : $"its interpreter {path}";

    private static LaunchException NotExecutable(string path) =>
        new($"{path} is not executable: chmod +x it, or look at the permissions of its folders", ExitStatus.NotExecutable);

    private static bool IsExecutable(string path) => Processes.access(path, Processes.FileExecutable) == 0;

    /// <summary>The path behind <c>#!</c>, or null.</summary>
    private static string? ReadInterpreter(SafeFileHandle file)
    {
        Span<byte> buffer = stackalloc byte[ScriptLineCapacity];
        ReadOnlySpan<byte> line = buffer[..RandomAccess.Read(file, buffer, 0)];
        if (!line.StartsWith("#!"u8))
            return null;
        line = line[2..];
        int end = line.IndexOf((byte)'\n');
        line = (end < 0 ? line : line[..end]).Trim(" \t"u8);
        int blank = line.IndexOfAny((byte)' ', (byte)'\t');
        line = blank < 0 ? line : line[..blank];
        return line.IsEmpty ? null : Encoding.UTF8.GetString(line);
    }
}
