namespace Pyco.Cli;

/// <summary>Why the program cannot be started: one line for the user that says what to do, and an exit status.</summary>
internal sealed class LaunchException(string message, int exitStatus = ExitStatus.OwnFailure) : Exception(message)
{
    public int ExitStatus { get; } = exitStatus;

    /// <summary>The command line makes no sense; the help tells what would.</summary>
    public static LaunchException Mistake(string message) => new($"{message} (-h helps)");
}

/// <summary>As env(1), nohup(1) and timeout(1) use them.</summary>
internal static class ExitStatus
{
    public const int Success = 0;

    /// <summary>We failed, not the program.</summary>
    public const int OwnFailure = 125;

    /// <summary>The program was found but cannot be run.</summary>
    public const int NotExecutable = 126;

    public const int NotFound = 127;
}
