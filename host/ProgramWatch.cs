using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>
/// Decides how long a host is needed (docs/host-protocol.md, "Life"): while the program lives, or a descendant that uses
/// the stack, or a connection that has something left to say. What it waits for is the end of one process, at first the
/// program and then a descendant, so that a host whose programs are quiet is quiet too.
/// </summary>
internal sealed class ProgramWatch : EventSource, IDisposable
{
    /// <summary>
    /// How soon to look again at first: what a killed program held may end a moment after it, and whoever starts it again
    /// at the same address should not have to wait.
    /// </summary>
    private static readonly TimeSpan FirstLookInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>How often to look when there is no process whose end could be waited for, only sockets.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>The longest time between looks whether a descendant that is waited for still has its environment.</summary>
    private static readonly TimeSpan LongestLookInterval = TimeSpan.FromMinutes(1);

    /// <summary>How often to look whether the last connections are done.</summary>
    private static readonly TimeSpan FinishInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Connections to peers that do not answer are given up after this time.</summary>
    private static readonly TimeSpan FinishLimit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long to stay for the FIN of a peer that has acknowledged ours. A server sends it at once, and without an answer it
    /// would keep the connection for minutes (LAST-ACK); one that has more to do is not waited for.
    /// </summary>
    private static readonly TimeSpan FinPatience = TimeSpan.FromSeconds(1);

    private readonly StackHost _host;
    private readonly Descendants _descendants;
    private readonly Action _programEnded;
    private readonly Action _wake;
    private int _watchedPid;
    private bool _hasEnded;
    private TimeSpan _interval = FirstLookInterval;
    private Instant? _finishingSince;
    private Instant? _searchAt;
    private Instant? _lookAt;

    /// <param name="host">The host.</param>
    /// <param name="credentials">What its programs carry in their environment.</param>
    /// <param name="pid">The program.</param>
    /// <param name="programEnded">Called once when the program, but perhaps none of its descendants, has ended.</param>
    /// <param name="wake">Called when <see cref="Advance"/> has got something to do.</param>
    /// <exception cref="SystemCallException">There is no such process.</exception>
    public ProgramWatch(StackHost host, HostCredentials credentials, int pid, Action programEnded, Action wake)
    {
        _host = host;
        _programEnded = programEnded;
        _wake = wake;
        _descendants = new Descendants(credentials);
        if (!TryWatch(pid))
            throw SystemCallException.Last("pidfd_open");
    }

    /// <summary>The process that is waited for: the program, and after its end a descendant; 0 while there is none.</summary>
    public int ProcessId => Descriptor >= 0 ? _watchedPid : 0;

    /// <summary>Nobody needs the host any more.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The process that is waited for has ended.</summary>
    public override void OnEvents(uint events, Instant now)
    {
        StopWatching();
        _lookAt = now;
        _interval = FirstLookInterval;
        if (!_hasEnded)
            _programEnded();
        _hasEnded = true;
        _wake();
    }

    /// <summary>Looks, when it is time to.</summary>
    /// <returns>When to look again, or null while the program lives.</returns>
    public Instant? Advance(Instant now)
    {
        if (!_hasEnded || _lookAt > now)
            return _lookAt;
        bool isNeeded = IsAwaitingDescendant(now) || _host.Bridge.Sockets.IsAnyHeld(now);
        _host.Stack.YieldsAddress = !isNeeded;
        if (isNeeded)
        {
            _finishingSince = null;
            _lookAt = now + _interval;
            return _lookAt;
        }
        _finishingSince ??= now;
        _host.Publisher.StopListening();
        bool isUnfinished = _host.Bridge.Sockets.HasUnfinished || _host.Publisher.HasUnfinished;
        isUnfinished |= _host.Stack.AwaitsFin && now - _finishingSince.Value < FinPatience;
        IsOver = !isUnfinished || _host.Stack.AddressWasWanted || now - _finishingSince.Value > FinishLimit;
        _lookAt = now + FinishInterval;
        return _lookAt;
    }

    public void Dispose() => StopWatching();

    /// <summary>True while there is a descendant; its end will be told.</summary>
    private bool IsAwaitingDescendant(Instant now)
    {
        try
        {
            if (Descriptor >= 0 && _descendants.MayInclude(_watchedPid))
            {
                LookLessOften(LongestLookInterval);
                return true;
            }
            StopWatching();
            LookLessOften(LookInterval);
            if (_finishingSince is not null && _searchAt > now)
                return false; // all processes were looked at, and none can have come from nowhere
            _searchAt = now + LookInterval;
            int? found = _descendants.Find(_host.Bridge.Loop);
            if (_finishingSince is null)
                found ??= Descendants.FindUnsettled(_host.Bridge.Loop);
            // It may have ended meanwhile, and left a child: then the next look, which comes soon, finds that. Nor does it do
            // harm if its number is another's by now, or an unsettled one shows to be a stranger.
            if (found is { } pid)
                _ = TryWatch(pid);
            return found is not null;
        }
        catch (IOException)
        {
            LookLessOften(LookInterval);
            return true; // out of descriptors: nothing is known, and to stay is the harmless answer
        }
    }

    private void LookLessOften(TimeSpan longest) => _interval = _interval * 2 < longest ? _interval * 2 : longest;

    private bool TryWatch(int pid)
    {
        Descriptor = Libc.pidfd_open(pid);
        if (Descriptor < 0)
            return false;
        _watchedPid = pid;
        if (_host.Bridge.Loop.TryAdd(this, Constants.EpollIn))
            return true;
        StopWatching();
        return false;
    }

    private void StopWatching()
    {
        if (Descriptor < 0)
            return;
        _host.Bridge.Loop.Remove(this);
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }
}
