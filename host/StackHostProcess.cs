using Pyco.Host.Loop;
using Pyco.Host.Publishing;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Host;

/// <summary>The stack host as a process of its own: one stack, one link, one program with its descendants.</summary>
public static class StackHostProcess
{
    /// <summary>How long to try for a published port, which the host of the program that had it before may be about to close.</summary>
    private static readonly TimeSpan PublishPatience = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan PublishPause = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Becomes the leader of a new session, plugs in, brings the addresses up, tells <see
    /// cref="StackHostOptions.ReadyDescriptor"/>, and serves until the program and its descendants are gone or SIGTERM
    /// comes.
    /// </summary>
    /// <returns>The exit status: 0, or 1 after an error that was reported.</returns>
    public static int Run(StackHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return BackgroundProcess.Run("pyco host", "the stack host", options.ReadyDescriptor, ready => Serve(options, ready));
    }

    private static void Serve(StackHostOptions options, ReadyLine ready)
    {
        StackMemory memory = new(new FramePool());
        using EventLoop loop = new(TimeProvider.System, BusyPolling.LimitOnSwitch);
        using Interruption interruption = new(loop);
        using StallBreaker breaker = new(loop); // before the host, so that it is there while that closes its sockets
        IPolledLink link = options.OpenLink(memory.Frames, () => loop.Now);
        NameSources names = new() { Servers = options.NameServers, SearchDomains = options.SearchDomains };
        using StackHost host = new(
            loop, options.Stack, link, memory, options.Credentials, options.InterfaceName, names, options.Log);
        loop.Turn(TimeSpan.Zero);
        foreach (PublishedPort port in options.Published)
            Publish(port, host, loop);
        using AddressBringUp addresses = new(host, loop);
        if (!addresses.Run())
        {
            throw new IOException(
                $"address {host.Stack.ConflictingAddress} is in use on this network by {host.Stack.ConflictingMac}: " +
                "choose another with -a");
        }
        using ProgramWatch? watch = options.ProgramPid is { } pid ? new(host, options.Credentials, pid, LeaveStandardError, () => { }) : null;
        ready.TryTell($"ready {HostReport.Of(host)}");
        ProcessorChoice processors = new();
        while (!loop.StopRequested && watch is not { IsOver: true })
        {
            Instant? look = watch?.Advance(loop.Now);
            look = Instant.Earlier(look, processors.Advance(OctetsOf(host.Stack.Counters), loop.Now));
            addresses.Advance();
            loop.Turn(look is { } at ? at - loop.Now : null);
        }
    }

    private static long OctetsOf(StackCounters counters) => counters.OctetsReceived + counters.OctetsSent;

    /// <exception cref="PublishException">Somebody insists on the port, or it is not to be had.</exception>
    private static void Publish(PublishedPort port, StackHost host, EventLoop loop)
    {
        Instant end = loop.Now + PublishPatience;
        while (true)
        {
            try
            {
                host.Publish(port);
                return;
            }
            catch (PublishException refused) when (refused.IsInUse && loop.Now < end && !loop.StopRequested)
            {
                for (Instant again = loop.Now + PublishPause; loop.Now < again;)
                    loop.Turn(again - loop.Now);
            }
        }
    }

    /// <summary>Whoever reads the program's output to its end, such as a pipeline, must not have to wait for us.</summary>
    private static void LeaveStandardError()
    {
        const int readWrite = 2;
        const int standardError = 2;
        int nowhere = Libc.open("/dev/null", readWrite, 0);
        if (nowhere < 0)
        {
            _ = Libc.close(standardError); // nobody reads it after this, and nothing is said on it
            return;
        }
        _ = Libc.dup2(nowhere, standardError);
        _ = Libc.close(nowhere);
    }
}
