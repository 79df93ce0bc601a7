using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Host;

/// <summary>The stack host as a process of its own: one stack, one link, one program with its descendants.</summary>
public static class StackHostProcess
{
    /// <summary>
    /// How long to try for an address that somebody has: the host of the program that had it before needs a moment to see
    /// that it is over, on a busy machine more than one.
    /// </summary>
    private static readonly TimeSpan ConflictPatience = TimeSpan.FromSeconds(0.5);

    /// <summary>How long to leave it alone between two tries.</summary>
    private static readonly TimeSpan ConflictPause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Becomes the leader of a new session, plugs in, brings the addresses up, tells <see
    /// cref="StackHostOptions.ReadyDescriptor"/>, and serves until the program and its descendants are gone or SIGTERM
    /// comes.
    /// </summary>
    /// <returns>The exit status: 0, or 1 after an error that was reported.</returns>
    public static int Run(StackHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _ = Libc.setsid(); // Ctrl-C in the terminal is the program's, not ours
        OpenFilesLimit.Raise(); // one for each socket of all our programs
        var ready = new ReadyLine(options.ReadyDescriptor);
        try
        {
            Serve(options, ready);
            return 0;
        }
        catch (IOException failure)
        {
            if (!ready.TryTell($"error {failure.Message}"))
                Console.Error.WriteLine($"pyco host: {failure.Message}");
            return 1;
        }
#pragma warning disable CA1031 // whatever it is, the programs' sockets end and the user is told
        catch (Exception bug)
#pragma warning restore CA1031
        {
            ready.TryTell($"error the stack host failed: {bug.Message}");
            Console.Error.WriteLine($"pyco host: internal error, please report it: {bug}");
            return 1;
        }
    }

    private static void Serve(StackHostOptions options, ReadyLine ready)
    {
        FramePool frames = new();
        using EventLoop loop = new(TimeProvider.System);
        using Interruption interruption = new(loop);
        IPolledLink link = options.OpenLink(frames);
        using StackHost host = new(
            loop, options.Stack, link, frames, options.Credentials, options.InterfaceName, options.Log);
        loop.Turn(TimeSpan.Zero);
        host.Stack.Start(loop.Now);
        host.Wake();
        if (!IsAddressUp(host, loop))
        {
            throw new IOException(
                $"address {host.Stack.ConflictingAddress} is in use on this network by {host.Stack.ConflictingMac}: " +
                "choose another with -a");
        }
        using ProgramWatch? watch = options.ProgramPid is { } pid ? new(host, options.Credentials, pid) : null;
        ready.TryTell($"ready {Environment.ProcessId}");
        while (!loop.StopRequested && watch is not { IsOver: true })
        {
            Instant? look = watch?.Advance(loop.Now);
            loop.Turn(look is { } at ? at - loop.Now : null);
        }
    }

    /// <summary>Waits until the address may be used, or somebody insists on it; true also if the wait is interrupted.</summary>
    private static bool IsAddressUp(StackHost host, EventLoop loop)
    {
        Instant end = loop.Now + ConflictPatience;
        while (true)
        {
            while (host.Stack.AddressState == AddressState.Probing && !loop.StopRequested)
                loop.Turn(null);
            if (host.Stack.AddressState != AddressState.Conflict)
                return true;
            if (loop.Now >= end)
                return false;
            for (Instant again = loop.Now + ConflictPause; loop.Now < again;)
                loop.Turn(again - loop.Now);
            host.Stack.RetryAddresses(loop.Now);
            host.Wake();
        }
    }

    /// <summary>The pipe on which the launcher waits.</summary>
    private sealed class ReadyLine(int descriptor)
    {
        private int _descriptor = descriptor;

        /// <summary>Writes the one line that the launcher waits for; false if it was written already.</summary>
        public unsafe bool TryTell(string line)
        {
            if (_descriptor < 0)
                return false;
            byte[] octets = Encoding.UTF8.GetBytes(line + "\n");
            fixed (byte* start = octets)
                _ = Libc.write(_descriptor, start, (nuint)octets.Length);
            _ = Libc.close(_descriptor);
            _descriptor = -1;
            return true;
        }
    }

    /// <summary>SIGTERM and SIGINT end the loop; SIGHUP, the end of the terminal, is the program's business.</summary>
    private sealed class Interruption : EventSource, IDisposable
    {
        private readonly EventLoop _loop;
        private readonly PosixSignalRegistration[] _registrations;

        public unsafe Interruption(EventLoop loop)
        {
            const int nonBlocking = Constants.SockNonblock | Constants.SockCloexec; // EFD_* have the same values
            _loop = loop;
            Descriptor = Libc.eventfd(0, nonBlocking);
            if (Descriptor < 0)
                throw SystemCallException.Last("eventfd");
            loop.Add(this, Constants.EpollIn);
            _registrations =
            [
                PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt),
                PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt),
                PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true),
            ];
        }

        public override void OnEvents(uint events, Instant now)
        {
            _loop.Detach(this);
            _loop.StopRequested = true;
        }

        public void Dispose()
        {
            foreach (PosixSignalRegistration registration in _registrations)
                registration.Dispose();
            _ = Libc.close(Descriptor);
        }

        private unsafe void Interrupt(PosixSignalContext context)
        {
            context.Cancel = true;
            ulong one = 1;
            _ = Libc.write(Descriptor, &one, sizeof(ulong));
        }
    }
}
