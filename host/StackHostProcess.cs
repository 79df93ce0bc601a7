namespace Pyco.Host;

/// <summary>The stack host as a process of its own: one stack, one link, one program with its descendants.</summary>
public static class StackHostProcess
{
    /// <summary>
    /// Becomes the leader of a new session, plugs in, brings the addresses up, tells <see
    /// cref="StackHostOptions.ReadyDescriptor"/>, and serves until the program and its descendants are gone or SIGTERM
    /// comes.
    /// </summary>
    /// <returns>The exit status: 0, or 1 after an error that was reported.</returns>
    public static int Run(StackHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        throw new NotImplementedException();
    }
}
