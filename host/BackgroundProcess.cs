using Pyco.Posix;

namespace Pyco.Host;

/// <summary>What a launcher starts and waits for, such as a stack host or a network: the frame around its own work.</summary>
internal static class BackgroundProcess
{
    /// <summary>
    /// Becomes the leader of a new session, because Ctrl-C in the terminal is the program's, does the work, and tells of its
    /// failure: on the launcher's pipe while that waits, else on stderr.
    /// </summary>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="what">The same in a sentence.</param>
    /// <param name="readyDescriptor">The launcher's pipe, or -1.</param>
    /// <param name="serve">The work; it tells when it is ready.</param>
    /// <returns>The exit status: 0, or 1 after an error that was reported.</returns>
    public static int Run(string name, string what, int readyDescriptor, Action<ReadyLine> serve)
    {
        _ = Libc.setsid();
        OpenFilesLimit.Raise(); // one for each socket of all programs, and some for each host
        ReadyLine ready = new(readyDescriptor);
        try
        {
            serve(ready);
            return 0;
        }
        catch (IOException failure)
        {
            Tell(failure.Message);
            return 1;
        }
        catch (TypeInitializationException failure) when (failure.InnerException is IOException cause)
        {
            // The runtime's own, such as its pipe for signals.
            Tell($"{what} cannot start: {cause.Message}");
            return 1;
        }
#pragma warning disable CA1031 // whatever it is, the programs' sockets end and the user is told
        catch (Exception bug)
#pragma warning restore CA1031
        {
            ready.TryTell($"error {what} failed: {bug.Message}");
            Console.Error.WriteLine($"{name}: internal error, please report it: {bug}");
            return 1;
        }

        void Tell(string failure)
        {
            if (!ready.TryTell($"error {failure}"))
                Console.Error.WriteLine($"{name}: {failure}");
        }
    }
}
