using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Host.Protocol;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests.Testing;

/// <summary>A stack host in the test's own process, and the sockets that its programs, played by the test, hold.</summary>
internal sealed class TestHost : IDisposable
{
    private readonly TestNetwork _network;
    private readonly List<IDisposable> _held = [];
    private readonly FramePool _frames = new();
    private bool _hasEnded;

    public TestHost(TestNetwork network, EventLoop loop, string address, byte number)
    {
        _network = network;
        Address = address;
        Link = new MemoryLink(_frames);
        StackOptions options = new()
        {
            Mac = new MacAddress([2, 0, 0, 0, 0, number]),
            Addresses = [new IpPrefix(IpAddress.Parse(address), 24)],
            DetectConflicts = false,
        };
        Host = new StackHost(loop, options, Link, new StackMemory(_frames), Credentials, "vde0", NameSources.None, Log.Add);
        Link.Wake = Host.Wake;
        Host.Stack.Start(network.Now);
        Host.Wake();
    }

    public string Address { get; }

    public HostCredentials Credentials { get; } = HostCredentials.Create();

    public MemoryLink Link { get; }

    public StackHost Host { get; }

    /// <summary>What the user is told.</summary>
    public List<string> Log { get; } = [];

    public SocketBridge Bridge => Host.Bridge;

    public SocketNames Names => Bridge.Names;

    public bool IsAwake => !_hasEnded && Host.IsAwake;

    public Instant? NextRun => _hasEnded ? null : Host.NextRun;

    /// <summary>socket(2) for TCP, as the shim makes it.</summary>
    public TestSocket OpenStream(bool isV6 = false) => Hold(TestSocket.Open(_network, this, SocketKind.Tcp, isV6));

    /// <summary>socket(2) for UDP.</summary>
    public TestSocket OpenDatagram(bool isV6 = false) => Hold(TestSocket.Open(_network, this, SocketKind.Udp, isV6));

    /// <summary>A TCP socket that listens on the port.</summary>
    public TestSocket Listen(ushort port, int backlog = 128)
    {
        TestSocket listener = OpenStream();
        Assert.That(listener.Bind(new IpEndpoint(IpAddress.AnyV4, port)), Is.EqualTo(Errno.None));
        Assert.That(listener.Listen(backlog), Is.EqualTo(Errno.None));
        return listener;
    }

    /// <summary>A UDP socket bound to the port.</summary>
    public TestSocket BindDatagram(ushort port)
    {
        TestSocket socket = OpenDatagram();
        Assert.That(socket.Bind(new IpEndpoint(IpAddress.AnyV4, port)), Is.EqualTo(Errno.None));
        return socket;
    }

    /// <summary>Somebody who connects to the host's request socket and has said nothing yet.</summary>
    public RawClient Dial(int type = Posix.Constants.SockStream) => Hold(RawClient.Connect(_network, this, type));

    public IpEndpoint Endpoint(ushort port) => new(IpAddress.Parse(Address), port);

    /// <summary>A request with this host's secret.</summary>
    public unsafe Request NewRequest(Operation operation, int argument = 0)
    {
        Request request = new()
        {
            Magic = HostProtocol.Magic,
            Version = HostProtocol.Version,
            Operation = operation,
            Argument = argument,
        };
        Credentials.Secret.CopyTo(new Span<byte>(request.Secret, HostProtocol.SecretLength));
        return request;
    }

    public T Hold<T>(T socket)
        where T : IDisposable
    {
        _held.Add(socket);
        return socket;
    }

    /// <summary>All that this host's programs hold is closed.</summary>
    public void CloseAll()
    {
        foreach (IDisposable socket in _held)
            socket.Dispose();
        _network.Settle();
    }

    /// <summary>The host goes away under its programs.</summary>
    public void End()
    {
        if (_hasEnded)
            return;
        Host.Dispose();
        Host.Stack.ShutDown();
        _hasEnded = true;
        if (Link.Peer is { } peer)
            peer.Peer = null;
        _network.Settle();
    }

    public void Dispose()
    {
        CloseAll();
        End();
        Assert.That(_frames.Outstanding, Is.Zero, "frames leaked");
    }
}
