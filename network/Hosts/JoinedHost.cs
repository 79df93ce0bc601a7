using System.Globalization;
using Pyco.Host;
using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Network.Control;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Switching;

namespace Pyco.Network.Hosts;

/// <summary>A host whose stack lives in the network's process: from the launcher's request until its programs are gone.</summary>
internal sealed class JoinedHost : LoopTenant, IDisposable
{
    /// <summary>
    /// How long to try for an address that somebody has: the program that had it before may be about to end.
    /// </summary>
    private static readonly TimeSpan ConflictPatience = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan ConflictPause = TimeSpan.FromMilliseconds(10);

    /// <summary>How often to look whether probes were answered.</summary>
    private static readonly TimeSpan ProbeLook = TimeSpan.FromMilliseconds(1);

    private readonly VirtualNetwork _network;
    private readonly HostOrder _order;
    private ControlConnection? _launcher;
    private Instant? _giveUpAt;
    private LocalPort? _port;
    private StackHost? _host;
    private ProgramWatch? _watch;
    private int _capture;
    private bool _isOver;

    /// <param name="network">The network.</param>
    /// <param name="order">What was asked for.</param>
    /// <param name="launcher">Gets the answer.</param>
    /// <param name="capture">Where to write the host's frames, or -1; closed with the host.</param>
    public JoinedHost(VirtualNetwork network, HostOrder order, ControlConnection launcher, int capture)
    {
        _network = network;
        _order = order;
        _launcher = launcher;
        _capture = capture;
        ProcessId = launcher.Peer.ProcessId;
        UserId = launcher.Peer.UserId;
        Command = new string([.. order.Command.Select(letter => char.IsControl(letter) ? '?' : letter)]);
        Addresses = order.Addresses;
        Failed = OnBug;
    }

    /// <summary>The program that the host was made for.</summary>
    public int ProcessId { get; }

    public uint UserId { get; }

    public string Command { get; }

    /// <summary>The name that other hosts find it by, or null.</summary>
    public string? Name => _order.HostName is { } name && HostNames.IsKnownToOthers(name) ? name : null;

    /// <summary>The host that others find by this one's name, because it came first; null if that is this one.</summary>
    public IpAddress? NameHolder =>
        Name is { } name && _network.Hosts.FindByName(name) is { } first && first != this ? first.Addresses[0].Address : null;

    public IReadOnlyList<IpPrefix> Addresses { get; private set; }

    /// <summary>The stack with its sockets, once there is one.</summary>
    public StackHost? Host => _host;

    public SwitchPort? Port => _port;

    /// <summary>Its Ethernet address, once it has addresses at all.</summary>
    public MacAddress Mac => _order.Mac ?? DefaultMac.For(new VnlLocator(_network.Options.Path), Addresses[0].Address);

    /// <summary>True once the address is the host's, and the program may run.</summary>
    public bool IsUp => _watch is not null;

    /// <summary>When the program was let go.</summary>
    public DateTime UpSince { get; private set; }

    /// <summary>
    /// A process that uses the host: the program, or a descendant of one that has ended. Where none is known, as of other
    /// users' processes, the program as it was.
    /// </summary>
    public (int ProcessId, string Command) FindLiving()
    {
        if (_watch is not { ProcessId: > 0 and int pid } || pid == ProcessId)
            return (ProcessId, Command);
        try
        {
            string name = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/comm")).TrimEnd('\n');
            return (pid, new string([.. name.Select(letter => char.IsControl(letter) ? '?' : letter)]));
        }
        catch (IOException)
        {
            return (ProcessId, Command); // it has just ended
        }
    }

    public bool Has(IpAddress address) => Addresses.Any(prefix => prefix.Address == address);

    public void Dispose()
    {
        if (_isOver)
            return;
        _isOver = true;
        _network.Loop.Remove(this);
        _watch?.Dispose();
        CloseStack();
        if (_capture >= 0)
            _ = Libc.close(_capture);
        _launcher?.Close();
    }

    protected override Instant? Run(Instant now)
    {
        try
        {
            return _host is null ? Begin(now) : _watch is null ? AwaitAddress(now) : Watch(now);
        }
        catch (SystemCallException failure) when ((Errno)failure.Errno == Errno.EMFILE)
        {
            Refuse("the network is out of file descriptors: end some of its programs, or start it where ulimit -Hn is higher");
            return null;
        }
        catch (IOException failure)
        {
            Refuse(failure.Message);
            return null;
        }
    }

    private Instant? Begin(Instant now)
    {
        _giveUpAt ??= now + ConflictPatience;
        if ((FindHolder() ?? FindTwin()) is { } holder)
        {
            if (holder.GivesWay())
                _network.Hosts.End(holder);
            else if (now < _giveUpAt)
                return now + ConflictPause;
            else
                throw new IOException(DescribeConflict(holder));
        }
        if (_network.Gateway is { } gateway && Has(gateway.Address))
            throw new IOException($"address {gateway.Address} is the network's gateway: choose another with -a");
        CheckMtu();
        ChooseAddresses();
        Open();
        if (_network.HasOnlyHosts)
            _host!.Stack.StartAlone(now);
        else
            _host!.Stack.Start(now);
        return AwaitAddress(now);
    }

    /// <summary>As <c>ip link set mtu</c> refuses what the device cannot carry: a smaller one would be a surprise later.</summary>
    private void CheckMtu()
    {
        if (_order.Mtu is { } wanted && wanted > _network.Options.Mtu)
        {
            throw new IOException(
                $"the network carries IP packets of at most {_network.Options.Mtu} octets: give --mtu no more than that, " +
                $"or start the network with pyco-net start --mtu {wanted}");
        }
    }

    private JoinedHost? FindHolder()
    {
        foreach (IpPrefix address in Addresses)
        {
            if (_network.Hosts.Find(address.Address, except: this) is { } holder)
                return holder;
        }
        return null;
    }

    /// <summary>The host that has the Ethernet address which this one was told to have.</summary>
    private JoinedHost? FindTwin() => _order.Mac is { } mac ? _network.Hosts.Find(mac, except: this) : null;

    private void ChooseAddresses()
    {
        Addresses = Addresses.Count == 0 ? [_network.Hosts.ChooseAddress()] : [.. Addresses.Select(WithLength)];
        if (AddressCheck.FindFault(Addresses, _order.Gateway) is { } fault)
            throw new IOException(fault);
    }

    /// <summary>An address of the network's subnet has that one's length unless the user said another.</summary>
    private IpPrefix WithLength(IpPrefix own)
    {
        IpPrefix subnet = _network.Options.Subnet;
        return _order.WithoutLength.Contains(own.Address) && subnet.Contains(own.Address) ? own with { Length = subnet.Length } : own;
    }

    private void Open()
    {
        int mtu = _order.Mtu ?? _network.Options.Mtu;
        string description = string.Create(
            CultureInfo.InvariantCulture, $"{Addresses[0].Address} {Command} pid={ProcessId} uid={UserId}");
        MacAddress mac = Mac;
        _port = new LocalPort(description, UserId, mtu) { IsWire = _capture >= 0 };
        if (!_network.Switch.TryAdd(_port, _order.Network.Port, settings => PortAccess.Allows(settings, _launcher!)))
            throw new IOException(PortAccess.DescribeRefusal(_network.Switch, _order.Network.Port));
        if (!_order.Link.IsNone)
            _network.Links.Set(_port, _order.Link);
        StackOptions options = new()
        {
            Mac = mac,
            Addresses = Addresses,
            Gateway = _order.Gateway ?? GatewayFor(Addresses),
            Mtu = mtu,
            ConnectionSecret = _network.ConnectionSecret,
        };
        _host = new StackHost(
            _network.Loop, options, OpenLink(mac), _network.Memory, _order.Credentials, _order.InterfaceName, NameSources(), _network.Log);
        _port.Arrived = _host.Wake;
        _host.Failed = OnBug;
        _host.Bridge.Listens = () => _network.Guard?.Need();
    }

    /// <summary>The gateway answers queries, unless the host was told of others who do.</summary>
    private NameSources NameSources() => new()
    {
        Servers = _order.NameServers.Count > 0 || _network.Gateway is not { } gateway
            ? _order.NameServers
            : [new IpEndpoint(gateway.Address, NameServerAddress.Port)],
        SearchDomains = _order.SearchDomains,
        Network = _network.Hosts,
    };

    private IPolledLink OpenLink(MacAddress mac)
    {
        if (_capture < 0)
            return _port!;
        CapturedInterface described = new(_order.InterfaceName, mac, Addresses, $"host in {_network.Options.Path}");
        int descriptor = _capture;
        _capture = -1;
        return new CapturingLink(
            _port!, CaptureFile.Take(descriptor, _order.CaptureFile ?? "the capture", "pyco-run", described, _network.Log));
    }

    /// <summary>The network's router, for a host that can reach it and is not it.</summary>
    private IpAddress? GatewayFor(IReadOnlyList<IpPrefix> addresses) =>
        _network.Options.Gateway is { } gateway && !Has(gateway) && addresses.Any(prefix => prefix.Contains(gateway))
            ? gateway
            : null;

    private Instant? AwaitAddress(Instant now)
    {
        NetworkStack stack = _host!.Stack;
        if (stack.AddressState == AddressState.Probing)
            return now + ProbeLook;
        if (stack.AddressState == AddressState.Conflict)
            return OnConflict(stack, now);
        // The sockets are this process's, with its user's rights.
        if (_order.Published.Count > 0 && UserId != Libc.geteuid())
            throw new IOException("only the user whose network it is can publish ports (-p) of its hosts");
        if (!_host.TryPublish(_order.Published, mayWait: now < _giveUpAt))
            return now + ConflictPause;
        _watch = new ProgramWatch(_host, _order.Credentials, ProcessId, () => { }, Wake);
        UpSince = DateTime.UtcNow;
        HostReport report = HostReport.Of(_host, _port!.Number) with { Subnet = _network.Options.Subnet, NameHolder = NameHolder };
        _launcher?.Answer($"ready {report}");
        _launcher = null;
        _network.Log($"{Addresses[0]} is up: {Command} (pid {ProcessId}, uid {UserId}), port {_port!.Number}");
        if (report.NameHolder is { } holder)
            _network.Log($"{Addresses[0]} is not found by its name {Name}: {holder} has it already");
        return Watch(now);
    }

    private Instant? OnConflict(NetworkStack stack, Instant now)
    {
        IpAddress address = stack.ConflictingAddress ?? Addresses[0].Address;
        if (_order.Addresses.Count == 0)
        {
            _network.Hosts.NoteTaken(address);
            CloseStack();
            Addresses = [];
            return now;
        }
        if (now < _giveUpAt)
        {
            stack.RetryAddresses(now);
            _host!.Wake();
            return now + ConflictPause;
        }
        throw new IOException($"address {address} is in use on this network by {stack.ConflictingMac}: choose another with -a");
    }

    private Instant? Watch(Instant now)
    {
        Instant? look = _watch!.Advance(now);
        if (!_watch.IsOver)
            return look;
        _network.Log($"{Addresses[0]} is gone: {Command} (pid {ProcessId})");
        _network.Hosts.End(this);
        return null;
    }

    /// <summary>True if the programs are gone and only old connections are being finished.</summary>
    private bool GivesWay() => _host is { Stack.YieldsAddress: true };

    private string DescribeConflict(JoinedHost holder)
    {
        MacAddress? mac = holder._host?.Stack.Options.Mac;
        string who = string.Create(CultureInfo.InvariantCulture, $"({holder.Command}, pid {holder.ProcessId})");
        return Addresses.Any(prefix => holder.Has(prefix.Address))
            ? $"address {holder.Addresses[0].Address} is in use on this network by {mac} {who}: choose another with -a"
            : $"the Ethernet address {mac} is in use on this network by {holder.Addresses[0].Address} {who}: choose another with -m";
    }

    private void CloseStack()
    {
        _host?.Dispose();
        if (_port is not null)
            _network.Links.Remove(_port);
        _port?.Dispose();
        _host = null;
        _port = null;
    }

    /// <summary>Our own code has failed in this host's business: its programs' sockets end, and the others go on.</summary>
    private void OnBug(Exception bug)
    {
        _network.Log($"internal error in {string.Join(", ", Addresses)} ({Command}, pid {ProcessId}), please report it: {bug}");
        try
        {
            Refuse($"the network failed: {bug.Message}");
        }
#pragma warning disable CA1031 // what is left of it may be in any state
        catch (Exception another)
#pragma warning restore CA1031
        {
            _network.Log($"and in its end: {another}");
        }
    }

    private void Refuse(string reason)
    {
        _network.Log($"refused {Command} (pid {ProcessId}, uid {UserId}): {reason}");
        _launcher?.Refuse(reason);
        _launcher = null;
        _network.Hosts.End(this);
    }
}
