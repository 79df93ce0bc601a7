using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;
using Pyco.Stack.Transit;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Transit;

/// <summary>A host whose router is a transparent stack, under a virtual clock. No frame may leak.</summary>
internal abstract class TransitTest
{
    protected static readonly IpEndpoint Outside = new(IpAddress.Parse("192.0.2.7"), 80);
    private static readonly IpAddress RouterAddress = IpAddress.Parse("10.0.0.1");
    private FramePool _frames = null!;
    private Queue<Action> _onWire = null!;

    protected NetworkStack Host { get; private set; } = null!;

    protected NetworkStack Router { get; private set; } = null!;

    protected TransitTraffic Transit => Router.Transit!;

    protected Instant Now { get; private set; }

    [SetUp]
    public void Connect()
    {
        Now = new Instant(TimeSpan.TicksPerHour);
        _frames = new FramePool();
        _onWire = new Queue<Action>();
        RecordingLink left = new() { Forward = frame => _onWire.Enqueue(() => Router.Receive(frame, Now)) };
        RecordingLink right = new() { Forward = frame => _onWire.Enqueue(() => Host.Receive(frame, Now)) };
        Host = new NetworkStack(Options(2, "10.0.0.2/24", RouterAddress), left, _frames, Entropy.Seeded(1));
        Router = new NetworkStack(Options(1, "10.0.0.1/24", null) with { IsTransparent = true }, right, _frames, Entropy.Seeded(2));
        Host.Start(Now);
        Router.Start(Now);
        Run(TimeSpan.FromSeconds(5));
    }

    [TearDown]
    public void Disconnect()
    {
        Host.ShutDown();
        Router.ShutDown();
        Assert.That(_frames.Outstanding, Is.Zero, "frames leaked");
    }

    /// <summary>Lets both do what they have to, now.</summary>
    protected void Settle()
    {
        do
        {
            while (_onWire.TryDequeue(out Action? arrive))
                arrive();
            Host.Advance(Now);
            Router.Advance(Now);
        }
        while (_onWire.Count > 0);
    }

    /// <summary>Lets the time pass.</summary>
    protected void Run(TimeSpan duration)
    {
        for (Instant end = Now + duration; Now < end; Now += TimeSpan.FromMilliseconds(100))
            Settle();
        Settle();
    }

    protected TcpSocket Dial(IpEndpoint to)
    {
        TcpSocket socket = Host.OpenTcp();
        Assert.That(socket.Connect(to, Now), Is.EqualTo(Errno.None));
        Settle();
        return socket;
    }

    protected UdpSocket SendFromHost(IpEndpoint to, ReadOnlySpan<byte> payload)
    {
        UdpSocket socket = Host.OpenUdp();
        Assert.That(socket.Connect(to), Is.EqualTo(Errno.None));
        Assert.That(socket.Send(payload, null, Now), Is.EqualTo(Errno.None));
        Settle();
        return socket;
    }

    /// <summary>A frame with an IP packet comes to the router from the host.</summary>
    protected void HearAtRouter(byte protocol, byte[] payload, string source, string destination)
    {
        Frame frame = _frames.Rent();
        payload.CopyTo(frame.Append(payload.Length));
        IPv4Header.Write(frame.Prepend(IPv4Header.MinLength), new IPv4Fields(
            IpAddress.Parse(source), IpAddress.Parse(destination), protocol, frame.Length)
        { TimeToLive = 64 });
        EthernetHeader.Write(frame.Prepend(EthernetHeader.Length), Mac(1), Mac(2), EtherType.IPv4);
        Router.Receive(frame, Now);
        Settle();
    }

    protected static void Write(TcpSocket socket, ReadOnlySpan<byte> octets, Instant now)
    {
        octets.CopyTo(socket.GetSendSpan());
        socket.CommitSend(octets.Length, now);
    }

    protected static byte[] Read(TcpSocket socket, Instant now)
    {
        var pieces = new ReadOnlyMemory<byte>[16];
        byte[] read = [.. pieces.Take(socket.PeekReceived(pieces)).SelectMany(piece => piece.ToArray())];
        socket.Consume(read.Length, now);
        return read;
    }

    private static MacAddress Mac(byte number) => new([2, 0, 0, 0, 0, number]);

    private static StackOptions Options(byte number, string address, IpAddress? gateway) => new()
    {
        Mac = Mac(number),
        Addresses = [IpPrefix.Parse(address)],
        Gateway = gateway,
        DetectConflicts = false,
    };
}
