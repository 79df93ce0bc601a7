using System.Text;
using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>
/// Decides how long a host is needed (docs/host-protocol.md, "Life"): while the program lives, or a descendant that uses
/// the stack, or a connection that has something left to say.
/// </summary>
internal sealed class ProgramWatch : EventSource, IDisposable
{
    /// <summary>How often to look again for descendants and closed sockets, once the program itself has ended.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>How often to look whether the last connections are done.</summary>
    private static readonly TimeSpan FinishInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Connections to peers that do not answer are given up after this time.</summary>
    private static readonly TimeSpan FinishLimit = TimeSpan.FromSeconds(60);

    private readonly StackHost _host;
    private readonly byte[] _environmentEntry;
    private bool _hasEnded;
    private Instant? _finishingSince;
    private Instant? _lookAt;

    /// <exception cref="SystemCallException">There is no such process.</exception>
    public ProgramWatch(StackHost host, HostCredentials credentials, int pid)
    {
        _host = host;
        _environmentEntry = Encoding.ASCII.GetBytes($"{HostProtocol.EnvironmentVariable}={credentials.IdText}:");
        Descriptor = Libc.pidfd_open(pid);
        if (Descriptor < 0)
            throw SystemCallException.Last("pidfd_open");
    }

    /// <summary>Nobody needs the host any more.</summary>
    public bool IsOver { get; private set; }

    public override void OnEvents(uint events, Instant now)
    {
        _hasEnded = true;
        _lookAt = now;
        _host.Bridge.Loop.Detach(this);
        LeaveStandardError();
    }

    /// <summary>Looks, when it is time to.</summary>
    /// <returns>When to look again, or null while the program lives.</returns>
    public Instant? Advance(Instant now)
    {
        if (!_hasEnded || _lookAt > now)
            return _lookAt;
        _lookAt = now + LookInterval;
        // Its sockets end when the kernel has closed them, which may be a moment after the process itself.
        bool isNeeded = _host.Bridge.Sockets.IsAnyHeld(now) || HasDescendants();
        _host.Stack.YieldsAddress = !isNeeded;
        if (isNeeded)
        {
            _finishingSince = null;
            return _lookAt;
        }
        _finishingSince ??= now;
        IsOver = !_host.Bridge.Sockets.HasUnfinished || _host.Stack.AddressWasWanted || now - _finishingSince.Value > FinishLimit;
        _lookAt = now + FinishInterval;
        return _lookAt;
    }

    public void Dispose() => _ = Libc.close(Descriptor);

    /// <summary>Whoever reads the program's output to its end, such as a pipeline, must not have to wait for us.</summary>
    private static void LeaveStandardError()
    {
        const int readWrite = 2;
        const int standardError = 2;
        int nowhere = Libc.open("/dev/null", readWrite, 0);
        _ = Libc.dup2(nowhere, standardError);
        _ = Libc.close(nowhere);
    }

    /// <summary>Any process that has our variable in its environment may yet open a socket.</summary>
    private bool HasDescendants()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (char.IsAsciiDigit(folder[^1]) && HasEntry(Path.Combine(folder, "environ")))
                return true;
        }
        return false;
    }

    private bool HasEntry(string environment)
    {
        try
        {
            return File.ReadAllBytes(environment).AsSpan().IndexOf(_environmentEntry) >= 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended, or is another user's
        }
    }
}
