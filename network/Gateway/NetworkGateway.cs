using Pyco.Host;
using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Network.Gateway.Dhcp;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Switching;

namespace Pyco.Network.Gateway;

/// <summary>
/// A network's way out, without root: a host on the switch that is everybody's router, and whose stack answers for the
/// whole world while the machine's kernel speaks with it.
/// </summary>
internal sealed class NetworkGateway : LoopTenant, IDisposable
{
    private const int FramesPerBatch = 64;

    /// <summary>Hosts of this process may send more in a turn than a batch.</summary>
    private const int BatchesPerTurn = 64;

    private readonly EventLoop _loop;
    private readonly Switch _switch;
    private readonly LocalPort _port;
    private readonly NetworkStack _stack;
    private readonly Frame[] _frames = new Frame[FramesPerBatch];
    private readonly GatewayContext _context;
    private readonly DhcpServer? _dhcp;
    private readonly DhcpService? _dhcpService;

    /// <param name="loop">Whose tenant it is.</param>
    /// <param name="switch">The network's switch.</param>
    /// <param name="memory">The network's buffers.</param>
    /// <param name="network">The network's options, with the gateway's address.</param>
    /// <param name="options">The gateway's own.</param>
    /// <param name="pool">The network's addresses.</param>
    /// <param name="hosts">The network's hosts by name.</param>
    /// <param name="log">Takes a line for the user.</param>
    public NetworkGateway(
        EventLoop loop,
        Switch @switch,
        StackMemory memory,
        NetworkOptions network,
        GatewayOptions options,
        IAddressPool pool,
        IHostDirectory hosts,
        Action<string> log)
    {
        _loop = loop;
        _switch = @switch;
        Address = network.Gateway ?? throw new ArgumentException("a gateway needs an address", nameof(network));
        _port = new LocalPort($"{Address} gateway", Libc.geteuid(), network.Mtu) { Arrived = Wake };
        StackOptions stack = new()
        {
            Mac = DefaultMac.For(new VnlLocator(network.Path), Address),
            Addresses = [new IpPrefix(Address, network.Subnet.Length)],
            Mtu = network.Mtu,
            IsTransparent = true,
        };
        _stack = new NetworkStack(stack, _port, memory, KernelEntropy.Instance);
        NameServer nameServer = new(options.NameServer);
        _context = new GatewayContext
        {
            Loop = loop,
            Transit = _stack.Transit!,
            Destinations = new Destinations(options.Allowed, Address, nameServer),
            Names = new HostNameAnswers(hosts),
            Denials = new DenialLog(log),
            Sockets = new OutsideSockets(message => log($"gateway: {message}")),
            Wake = Wake,
            Log = log,
        };
        Connections = new OutwardConnections(_context);
        Datagrams = new OutwardDatagrams(_context);
        Echoes = new OutwardEchoes(_context);
        if (!options.HasDhcp)
            return;
        _dhcp = new DhcpServer(new DhcpSettings(Address, network.Subnet, network.Mtu), pool, log);
        _dhcpService = new DhcpService(_stack, _dhcp, nameServer);
    }

    public IpAddress Address { get; }

    public SwitchPort Port => _port;

    public OutwardConnections Connections { get; }

    public OutwardDatagrams Datagrams { get; }

    public OutwardEchoes Echoes { get; }

    /// <summary>What hosts were not let through to.</summary>
    public long Denied => _context.Denials.Count;

    /// <summary>Addresses that DHCP clients have, or were just offered.</summary>
    public int Leases => _dhcp?.CountLeases(_loop.Now) ?? 0;

    /// <summary>Whether a DHCP client has the address, or was just offered it.</summary>
    public bool HasGiven(IpAddress address) => _dhcp?.Holds(address, _loop.Now) == true;

    /// <summary>Joins the network, in which nobody else is yet.</summary>
    public void Start()
    {
        _switch.TryAdd(_port);
        _loop.Add(this);
        _stack.StartAlone(_loop.Now);
    }

    public void Dispose()
    {
        _loop.Remove(this);
        Connections.Dispose();
        Datagrams.Dispose();
        Echoes.Dispose();
        _dhcpService?.Close();
        _stack.Advance(_loop.Now); // the resets leave
        _stack.ShutDown();
        _port.Dispose();
    }

    protected override Instant? Run(Instant now)
    {
        Instant? next = null;
        for (int batch = 0; batch < BatchesPerTurn; batch++)
        {
            Receive(now);
            Connections.Advance(now);
            next = Instant.Earlier(Datagrams.Advance(now), Echoes.Advance(now));
            if (!_port.HasFrames)
                break;
        }
        if (_port.HasFrames)
            Wake();
        while (_stack.TryTakeChanged(out StackSocket? changed))
            (changed!.Owner as IStackSocketOwner)?.OnStackEvents(changed.TakeEvents(), now);
        _context.ContinueUnfinished(now);
        return Instant.Earlier(next, _stack.Advance(now));
    }

    private void Receive(Instant now)
    {
        int count = _port.Receive(_frames);
        for (int index = 0; index < count; index++)
            _stack.Receive(_frames[index], now);
        _stack.Advance(now);
    }
}
