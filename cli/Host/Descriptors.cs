namespace Pyco.Cli.Host;

/// <summary>What the launcher opens for the host; nothing else of the program's descriptors reaches it.</summary>
internal static class Descriptors
{
    /// <summary>The order comes in here.</summary>
    public const int Order = 0;

    public const int Output = 1;

    public const int Error = 2;

    /// <summary>The line for the launcher goes out here: ready, or an error.</summary>
    public const int Ready = 3;

    /// <summary>What the host's frames are written into, if they are to be.</summary>
    public const int Capture = 4;

    public const int FirstUnused = 5;
}
