using Pyco.Host.Control;
using Pyco.Host.Guarding;
using Pyco.Host.Loop;
using Pyco.Network.Capture;
using Pyco.Network.Control;
using Pyco.Network.Gateway;
using Pyco.Network.Hosts;
using Pyco.Network.Links;
using Pyco.Network.Management;
using Pyco.Network.Plugs;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde.Switching;

namespace Pyco.Network;

/// <summary>A network: its switch, the hosts in this process, the plugs of others, and the socket that it is asked by.</summary>
internal sealed class VirtualNetwork : IDisposable
{
    private readonly NetworkLog _log;
    private readonly Housekeeper _housekeeper;
    private readonly TapPort? _tap;
    private readonly ManagementServer _management;
    private readonly ConnectionListener<ControlConnection> _control;
    private readonly Instant _startedAt;

    /// <exception cref="IOException">A socket cannot be made.</exception>
    public VirtualNetwork(EventLoop loop, NetworkOptions options, NetworkFolder folder, NetworkLog log)
    {
        Loop = loop;
        Options = options;
        Folder = folder;
        _log = log;
        _startedAt = loop.Now;
        Memory = new StackMemory(FramesFor(options.Mtu));
        Switch = new Switch(Memory, () => loop.Now) { IsHub = options.IsHub };
        Switch.LoopGuard = new LoopGuard(Switch, KernelEntropy.Instance, Log) { Woken = NoteChange };
        Links = new LinkTable(this);
        Hosts = new HostTable(this);
        Captures = new CaptureTable(this);
        Plugs = new PlugServer(loop, Memory, options, folder, Switch, Log) { Changed = NoteChange, Removed = Links.Remove };
        if (options.Tap is { } tap)
        {
            _tap = new TapPort(loop, Memory.Frames, tap, options.Mtu);
            Switch.TryAdd(_tap);
        }
        if (options.Nat is { } nat)
            OpenGateway(nat);
        _housekeeper = new Housekeeper(this);
        loop.Add(_housekeeper);
        _management = new ManagementServer(this);
        ControlHandler handler = new(this);
        // Last, because whoever finds it expects all the others.
        _control = PathListener.Open(
            loop, folder.ControlSocket, options, descriptor => new ControlConnection(loop, descriptor, handler.Handle));
    }

    public EventLoop Loop { get; }

    public NetworkOptions Options { get; }

    /// <summary>The hosts': one may get the address of another that has ended.</summary>
    public ConnectionSecret ConnectionSecret { get; } = ConnectionSecret.Create(KernelEntropy.Instance);

    public NetworkFolder Folder { get; }

    /// <summary>The buffers of the switch and of all stacks.</summary>
    public StackMemory Memory { get; }

    public Switch Switch { get; }

    public HostTable Hosts { get; }

    public PlugServer Plugs { get; }

    public LinkTable Links { get; }

    public CaptureTable Captures { get; }

    /// <summary>Who wakes the programs if the network is killed. It is disposed when all have ended in order.</summary>
    public GuardContact? Guard { get; init; }

    /// <summary>The hosts' way out, or null.</summary>
    public NetworkGateway? Gateway { get; private set; }

    public DateTime StartedAt { get; } = DateTime.UtcNow;

    /// <summary>True if all stations are hosts of ours, so that nobody else can have an address.</summary>
    public bool HasOnlyHosts => Plugs.Ports.Count == 0 && _tap is null;

    /// <summary>How long it runs, by a clock that nobody sets: rates are differences of it.</summary>
    public TimeSpan Uptime => Loop.Now - _startedAt;

    /// <summary>Tells the network's user something.</summary>
    public void Log(string message) => _log.Write(message);

    /// <summary>Somebody has come or gone.</summary>
    public void NoteChange() => _housekeeper.Wake();

    public void Dispose()
    {
        _control.Dispose();
        _management.Dispose();
        Hosts.Dispose();
        Plugs.Dispose();
        Gateway?.Dispose();
        _tap?.Dispose();
        Links.Dispose();
        Captures.Dispose(); // after what the others had to say
        Loop.Remove(_housekeeper);
        Guard?.Dispose();
    }

    private void OpenGateway(GatewayOptions options)
    {
        NetworkGateway gateway = new(Loop, Switch, Memory, Options, options, Hosts, Hosts, Log);
        gateway.Failed = bug =>
        {
            Log($"the gateway failed, please report it: {bug}");
            Gateway = null;
            Links.Remove(gateway.Port);
            gateway.Dispose();
        };
        gateway.Start();
        Gateway = gateway;
    }

    /// <summary>Frames of the network's MTU, with room for headers before it.</summary>
    private static FramePool FramesFor(int mtu)
    {
        int capacity = FramePool.DefaultHeadroom + mtu + 18; // Ethernet's header with a VLAN's tag
        return new FramePool((capacity + 2047) / 2048 * 2048);
    }

    /// <summary>Forgets silent stations, and ends a network that nobody has asked for by name and nobody uses.</summary>
    private sealed class Housekeeper(VirtualNetwork network) : LoopTenant
    {
        /// <summary>Long enough for a script's next program to find the network as the last one has left it.</summary>
        private static readonly TimeSpan EmptyLimit = TimeSpan.FromMinutes(5);

        private Instant? _emptySince;
        private Instant _agedAt;

        protected override Instant? Run(Instant now)
        {
            MacTable stations = network.Switch.Stations;
            Instant? next = network.Switch.LoopGuard?.Advance(now);
            if (now - _agedAt >= stations.AgeingTime)
            {
                stations.Age(now);
                _agedAt = now;
            }
            bool isEmpty = network.Hosts.All.Count == 0 && network.HasOnlyHosts;
            if (!isEmpty)
                next = Instant.Earlier(next, _agedAt + stations.AgeingTime);
            _emptySince = isEmpty ? _emptySince ?? now : null;
            if (!network.Options.EndsWhenEmpty || _emptySince is not { } since)
                return next;
            if (now - since < EmptyLimit)
                return Instant.Earlier(next, since + EmptyLimit);
            network.Log("ends, because it was empty");
            network.Loop.StopRequested = true;
            return null;
        }
    }
}
