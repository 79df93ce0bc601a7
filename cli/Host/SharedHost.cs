using Pyco.Host;
using Pyco.Host.Control;
using Pyco.Posix;

namespace Pyco.Cli.Host;

/// <summary>Asks a stack host process for one more host.</summary>
internal sealed class SharedHost : ControlClient
{
    /// <summary>How long it may take to say that it will: one that is stopped or starved is no help.</summary>
    private static readonly TimeSpan TakingPatience = TimeSpan.FromSeconds(1);

    private SharedHost(int socket)
        : base($"the {HostRole.What}", socket)
    {
    }

    /// <summary>Has the host brought up by a process that is there already.</summary>
    /// <param name="order">What it is to be.</param>
    /// <param name="capture">Where to write its frames, which stays open here; or -1.</param>
    /// <returns>Null if there is no such process, or it does not want to.</returns>
    /// <exception cref="IOException">The host did not come up; the message is for the user.</exception>
    public static HostReport? TryJoin(HostOrder order, int capture)
    {
        if (order.SharedAs is not { } name || TryConnect(name) is not { } connected)
            return null;
        using SharedHost host = connected;
        // Anybody can take an abstract name, and would learn the secret.
        if (host.Peer.UserId != Libc.geteuid() || !host.TryAsk(order, capture))
            return null;
        const string ready = "ready ";
        return host.TryRead() is { } line && line.StartsWith(ready, StringComparison.Ordinal) ? HostRole.ReadReport(line[ready.Length..]) : null;
    }

    private bool TryAsk(HostOrder order, int capture)
    {
        ReadOnlySpan<int> descriptors = capture < 0 ? [Descriptors.Error] : [Descriptors.Error, capture];
        try
        {
            return TrySay(HostSharing.Join, order.Write(), descriptors) && ReadLine(TakingPatience) == HostSharing.Taken;
        }
        catch (IOException)
        {
            return false; // it has just ended
        }
    }

    /// <summary>The answer; null if the process ends meanwhile.</summary>
    private string? TryRead()
    {
        try
        {
            return ReadAnswer();
        }
        catch (EndOfStreamException)
        {
            return null;
        }
    }

    /// <summary>Does not wait: a process that does not accept does not answer either.</summary>
    private static SharedHost? TryConnect(string name)
    {
        int socket = UnixAddress.Dial(UnixAddress.Abstract(name));
        return socket < 0 ? null : new SharedHost(socket);
    }
}
