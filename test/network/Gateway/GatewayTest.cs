using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pyco.Host;
using Pyco.Host.Loop;
using Pyco.Network.Gateway;
using Pyco.Network.Gateway.Dhcp;
using Pyco.Stack;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;
using Pyco.Vde.Switching;
using Switch = Pyco.Vde.Switching.Switch;

namespace Pyco.Network.Tests.Gateway;

/// <summary>
/// A gateway and a host on one switch, in this thread's loop. The outside is the machine's loopback, which the gateway has
/// at its own address as far as a rule allows it. No frame may leak.
/// </summary>
internal abstract class GatewayTest
{
    protected static readonly IpAddress GatewayAddress = IpAddress.Parse("10.40.0.1");

    /// <summary>Far above what anything takes here, so that only a hang meets it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<Socket> _outside = [];
    private EventLoop _loop = null!;
    private StackMemory _memory = null!;
    private NetworkGateway _gateway = null!;
    private HostTenant _host = null!;

    protected NetworkGateway Gateway => _gateway;

    protected NetworkStack Host => _host.Stack;

    protected Instant Now => _loop.Now;

    protected List<string> Log { get; } = [];

    /// <summary>The network's hosts by name.</summary>
    protected Dictionary<string, IpAddress> Names { get; } = new(StringComparer.OrdinalIgnoreCase);

    private IHostDirectory Directory => new NamedHosts(Names);

    [SetUp]
    public void Connect()
    {
        Log.Clear();
        _loop = new EventLoop(TimeProvider.System);
        _loop.Turn(TimeSpan.Zero);
        _memory = new StackMemory(new FramePool());
        Switch between = new(_memory, () => _loop.Now);
        NetworkOptions network = new() { Path = "/nowhere", Gateway = GatewayAddress };
        _gateway = new NetworkGateway(_loop, between, _memory, network, Options, new NoAddresses(), Directory, Log.Add);
        _gateway.Start();
        _host = new HostTenant(_loop, between, _memory);
    }

    [TearDown]
    public void Disconnect()
    {
        _gateway.Dispose();
        _host.Dispose();
        foreach (Socket socket in _outside)
            socket.Dispose();
        _outside.Clear();
        _loop.Dispose();
        Assert.That(_memory.Frames.Outstanding + _memory.LargeFrames.Outstanding, Is.Zero, "frames leaked");
    }

    /// <summary>The machine's loopback is allowed, and nothing else.</summary>
    protected virtual GatewayOptions Options => new() { Allowed = [Rule("127.0.0.1")], HasDhcp = false };

    protected static AllowRule Rule(string text) => AllowRule.TryParse(text, out AllowRule? rule) ? rule : throw new FormatException(text);

    /// <summary>Lets the loop work until it is so.</summary>
    protected void Until(Func<bool> isSo, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!isSo())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
                Assert.Fail($"in vain waited for {what}");
            _loop.Turn(TimeSpan.FromMilliseconds(5));
        }
    }

    protected void TurnOnce() => _loop.Turn(TimeSpan.Zero);

    /// <summary>A listening socket of the machine.</summary>
    protected Socket Listen(out IpEndpoint asHostsSeeIt)
    {
        Socket listener = Outside(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false });
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        asHostsSeeIt = new IpEndpoint(GatewayAddress, (ushort)((IPEndPoint)listener.LocalEndPoint!).Port);
        return listener;
    }

    /// <summary>A UDP socket of the machine.</summary>
    protected Socket OpenDatagram(out IpEndpoint asHostsSeeIt)
    {
        Socket socket = Outside(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false });
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        asHostsSeeIt = new IpEndpoint(GatewayAddress, (ushort)((IPEndPoint)socket.LocalEndPoint!).Port);
        return socket;
    }

    protected Socket Outside(Socket socket)
    {
        _outside.Add(socket);
        return socket;
    }

    /// <summary>The host connects, and the machine's program accepts.</summary>
    protected (TcpSocket Host, Socket Outside) OpenConnection()
    {
        Socket listener = Listen(out IpEndpoint there);
        TcpSocket host = Dial(there);
        Until(() => EventsOf(host).HasFlag(SocketEvents.Connected), "the connection");
        Until(() => listener.Poll(0, SelectMode.SelectRead), "the kernel's connection");
        Socket outside = Outside(listener.Accept());
        outside.Blocking = false;
        return (host, outside);
    }

    protected TcpSocket Dial(IpEndpoint to)
    {
        TcpSocket socket = Host.OpenTcp();
        Assert.That(socket.Connect(to, Now), Is.EqualTo(Errno.None));
        _host.Wake();
        return socket;
    }

    protected UdpSocket Ask(IpEndpoint to, ReadOnlySpan<byte> question)
    {
        UdpSocket socket = Host.OpenUdp();
        Assert.That(socket.Connect(to), Is.EqualTo(Errno.None));
        Assert.That(socket.Send(question, null, Now), Is.EqualTo(Errno.None));
        _host.Wake();
        return socket;
    }

    /// <summary>What has happened on a host's socket so far.</summary>
    protected SocketEvents EventsOf(StackSocket socket) => _host.Events.GetValueOrDefault(socket);

    /// <summary>Waits for a datagram at the host.</summary>
    protected byte[] Answer(UdpSocket socket)
    {
        Datagram answer = default;
        Until(() => socket.TryReceive(out answer), "an answer");
        using (answer)
            return answer.Frame.Octets.ToArray();
    }

    /// <summary>Sends as much as the host's socket takes.</summary>
    protected int Write(TcpSocket socket, ReadOnlySpan<byte> octets)
    {
        Span<byte> free = socket.GetSendSpan();
        int length = Math.Min(free.Length, octets.Length);
        octets[..length].CopyTo(free);
        socket.CommitSend(length, Now);
        _host.Wake();
        return length;
    }

    protected byte[] Read(TcpSocket socket)
    {
        var pieces = new ReadOnlyMemory<byte>[16];
        byte[] read = [.. pieces.Take(socket.PeekReceived(pieces)).SelectMany(piece => piece.ToArray())];
        socket.Consume(read.Length, Now);
        _host.Wake();
        return read;
    }

    protected void WakeHost() => _host.Wake();

    private sealed class NamedHosts(Dictionary<string, IpAddress> names) : IHostDirectory
    {
        public IpAddress? FindAddress(ReadOnlySpan<byte> name) =>
            names.TryGetValue(Encoding.Latin1.GetString(name), out IpAddress address) ? address : null;

        public string? FindName(IpAddress address) => names.FirstOrDefault(pair => pair.Value == address).Key;
    }

    private sealed class NoAddresses : IAddressPool
    {
        public IpAddress? Choose() => null;

        public bool MayGive(IpAddress address) => false;

        public void NoteTaken(IpAddress address)
        {
        }
    }

    private sealed class HostTenant : LoopTenant, IDisposable
    {
        private readonly EventLoop _loop;
        private readonly LocalPort _port;
        private readonly Frame[] _frames = new Frame[64];

        public HostTenant(EventLoop loop, Switch between, StackMemory memory)
        {
            _loop = loop;
            _port = new LocalPort("host", 0, NetworkOptions.DefaultMtu) { Arrived = Wake };
            between.TryAdd(_port);
            StackOptions options = new()
            {
                Mac = new MacAddress([2, 0, 0, 0, 0, 9]),
                Addresses = [IpPrefix.Parse("10.40.0.9/24")],
                Gateway = GatewayAddress,
            };
            Stack = new NetworkStack(options, _port, memory, Entropy.System);
            Stack.StartAlone(loop.Now);
            loop.Add(this);
        }

        public NetworkStack Stack { get; }

        public Dictionary<StackSocket, SocketEvents> Events { get; } = [];

        public void Dispose()
        {
            _loop.Remove(this);
            Stack.ShutDown();
            _port.Dispose();
        }

        protected override Instant? Run(Instant now)
        {
            for (int count = _port.Receive(_frames); count > 0; count = _port.Receive(_frames))
            {
                for (int index = 0; index < count; index++)
                    Stack.Receive(_frames[index], now);
            }
            Stack.Advance(now);
            while (Stack.TryTakeChanged(out StackSocket? socket))
                Events[socket!] = Events.GetValueOrDefault(socket!) | socket!.TakeEvents();
            return Stack.Advance(now);
        }
    }
}
