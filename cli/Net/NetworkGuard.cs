using System.Runtime.InteropServices;
using Pyco.Cli.Host;
using Pyco.Cli.Startup;
using Pyco.Host.Bridge;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Cli.Net;

/// <summary>
/// A process beside a network's that only waits for its end. If that was not an orderly one, programs that wait for
/// connections are woken: a network that was killed cannot do it, and nothing of ours lives in the programs that could.
/// </summary>
internal static unsafe class NetworkGuard
{
    public const string Role = "guard";

    private const int NetworkProcess = Descriptors.Order; // a pidfd
    private const int OrderlyEnd = Descriptors.Output; // a pipe; the network writes into it before an orderly end

    /// <summary>Starts the guard of this process. Without one the network runs all the same.</summary>
    /// <returns>To be disposed when the network has ended in order.</returns>
    public static IDisposable Start(ProgramEnvironment environment)
    {
        int self = Libc.pidfd_open(Environment.ProcessId);
        int* pipe = stackalloc int[2];
        if (self < 0 || Processes.pipe2(pipe, Processes.CloseOnExec) != 0)
            return new Guarded(-1);
        // Nobody waits for it: should it be killed, nothing is kept of it (wait(2)). The network has no other children.
        _ = Processes.signal(Processes.SignalChild, Processes.SignalIgnore);
        try
        {
            DetachedProcess.StartBeside(Role, self, pipe[0], environment);
        }
        catch (LaunchException)
        {
            // Out of processes, or of memory.
        }
        _ = Libc.close(self);
        _ = Libc.close(pipe[0]);
        return new Guarded(pipe[1]);
    }

    public static int Run()
    {
        _ = Libc.setsid();
        _ = Processes.chdir("/");
        byte word;
        nint length;
        do
            length = Libc.read(OrderlyEnd, &word, 1);
        while (length < 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR);
        if (length != 0)
            return ExitStatus.Success;
        // Its pipe is closed, but perhaps not yet the sockets of its hosts.
        PollDescriptor ended = new() { Descriptor = NetworkProcess, Events = Constants.PollIn };
        while (Libc.poll(&ended, 1, -1) < 0)
        {
        }
        OrphanedListeners.Wake();
        return ExitStatus.Success;
    }

    private sealed class Guarded(int pipe) : IDisposable
    {
        public void Dispose()
        {
            if (pipe < 0)
                return;
            byte word = (byte)'.';
            _ = Libc.write(pipe, &word, 1);
            _ = Libc.close(pipe);
        }
    }
}
