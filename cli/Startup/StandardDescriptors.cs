using Pyco.Posix;

namespace Pyco.Cli.Startup;

/// <summary>Descriptors 0, 1 and 2, which the caller may have closed.</summary>
internal static class StandardDescriptors
{
    private const int Last = 2;

    /// <summary>
    /// Takes the numbers of those that are closed, or the next file that is opened would be one of them: what the runtime
    /// opens for random numbers was replaced so when the host left its standard error, and it read from there for ever. To write to them
    /// fails as before, and the program of the user finds them closed.
    /// </summary>
    public static void Reserve()
    {
        const int readOnly = 0;
        int descriptor;
        do
            descriptor = Processes.open("/dev/null", readOnly | Processes.CloseOnExec, 0);
        while (descriptor is >= 0 and <= Last);
        if (descriptor >= 0)
            _ = Libc.close(descriptor);
    }
}
