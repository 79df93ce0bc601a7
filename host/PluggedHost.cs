using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Vde;

namespace Pyco.Host;

/// <summary>A host that is plugged into somebody's switch: from a launcher's order until its programs are gone.</summary>
internal sealed class PluggedHost : LoopTenant, IDisposable
{
    /// <summary>How often to look whether the switch has answered, which it does within a turn of its loop.</summary>
    private static readonly TimeSpan AnswerLook = TimeSpan.FromMilliseconds(1);

    /// <summary>How long to try for a published port, which the host of the program that had it before may be about to close.</summary>
    private static readonly TimeSpan PublishPatience = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan PublishPause = TimeSpan.FromMilliseconds(10);

    private readonly PluggedHosts _hosts;
    private readonly StackHostOptions _options;
    private IHostLauncher? _launcher;
    private PlugOpening? _opening;
    private StackHost? _host;
    private AddressBringUp? _addresses;
    private ProgramWatch? _watch;
    private Instant? _publishUntil;
    private bool _isOver;

    public PluggedHost(PluggedHosts hosts, StackHostOptions options, IHostLauncher launcher)
    {
        _hosts = hosts;
        _options = options;
        _launcher = launcher;
        Failed = OnBug;
    }

    /// <summary>True once the switch has given it a port.</summary>
    public bool IsPluggedIn => _host is not null;

    /// <summary>Octets of the frames that it has sent and received.</summary>
    public long Octets => _host is { Stack.Counters: var counters } ? counters.OctetsReceived + counters.OctetsSent : 0;

    /// <summary>The launcher does not wait any more: without it there is no program, unless the host is up.</summary>
    public void OnLauncherGone()
    {
        if (TakeLauncher() is not null)
            Wake(); // to end there, where a bug is this host's own
    }

    /// <summary>Tells the user that a bug of ours ends the host.</summary>
    public void Report(Exception bug) => _options.ReportBug($"internal error, please report it: {bug}");

    public void Dispose()
    {
        if (_isOver)
            return;
        _isOver = true;
        _hosts.Loop.Remove(this);
        try
        {
            _opening?.Dispose();
            _watch?.Dispose();
            _addresses?.Dispose();
            _host?.Dispose();
        }
        finally
        {
            _options.Ended(); // or whoever reads the program's output to its end would wait
        }
    }

    protected override Instant? Run(Instant now)
    {
        try
        {
            if (_watch is not null)
                return Watch(now);
            if (_launcher is not null)
                return _host is null ? PlugIn(now) : BringUp(now);
            _hosts.End(this);
            return null;
        }
        catch (SystemCallException shortage) when (_watch is null && DescriptorShortage.Is((Errno)shortage.Errno))
        {
            TakeLauncher()?.TurnAway(shortage.Message);
            _hosts.End(this);
            return null;
        }
        catch (IOException failure) when (_watch is null)
        {
            Refuse(failure.Message);
            return null;
        }
    }

    private Instant? PlugIn(Instant now)
    {
        _opening ??= new PlugOpening(_options.Network, _options.PortDescription, _hosts.Memory.Frames, _options.Log, now);
        if (_opening.Continue(now) is not { } plug)
            return Instant.Earlier(_opening.NextTry, now + AnswerLook);
        IPolledLink link = plug;
        try
        {
            link = _options.Cable(plug, _hosts.Memory.Frames, () => _hosts.Loop.Now);
            NameSources names = new() { Servers = _options.NameServers, SearchDomains = _options.SearchDomains };
            _host = new StackHost(
                _hosts.Loop, _options.Stack, link, _hosts.Memory, _options.Credentials, _options.InterfaceName, names, _options.Log)
            {
                Failed = OnBug,
                Changed = Wake,
            };
            _host.Bridge.Listens = _hosts.Guard.Need;
        }
        catch
        {
            link.Dispose();
            throw;
        }
        _addresses = new AddressBringUp(_host);
        return BringUp(now);
    }

    private Instant? BringUp(Instant now)
    {
        _publishUntil ??= now + PublishPatience;
        if (!_host!.TryPublish(_options.Published, mayWait: now < _publishUntil))
            return now + PublishPause;
        Instant? look = _addresses!.Advance(now);
        if (_addresses.HasFailed)
        {
            throw new IOException(
                $"address {_host.Stack.ConflictingAddress} is in use on this network by {_host.Stack.ConflictingMac}: " +
                "choose another with -a");
        }
        if (!_addresses.IsUp)
            return look;
        _watch = new ProgramWatch(_host, _options.Credentials, _options.ProgramPid, _options.ProgramEnded, Wake);
        TakeLauncher()?.Ready(HostReport.Of(_host));
        return Watch(now);
    }

    private Instant? Watch(Instant now)
    {
        Instant? look = _watch!.Advance(now);
        _ = _addresses!.Advance(now);
        if (!_watch.IsOver)
            return look;
        _hosts.End(this);
        return null;
    }

    /// <summary>Our own code has failed in this host's business: its programs' sockets end, and the others go on.</summary>
    private void OnBug(Exception bug)
    {
        Report(bug);
        try
        {
            Refuse($"the stack host failed: {bug.Message}");
        }
#pragma warning disable CA1031 // what is left of it may be in any state
        catch (Exception another)
#pragma warning restore CA1031
        {
            _options.ReportBug($"and in its end: {another}");
        }
    }

    private void Refuse(string reason)
    {
        TakeLauncher()?.Refuse(reason);
        _hosts.End(this);
    }

    /// <summary>It gets one word: what it does then is not an end without one.</summary>
    private IHostLauncher? TakeLauncher()
    {
        IHostLauncher? launcher = _launcher;
        _launcher = null;
        return launcher;
    }
}
