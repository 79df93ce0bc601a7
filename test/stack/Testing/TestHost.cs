using System.Net.NetworkInformation;
using PacketDotNet;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Testing;

/// <summary>
/// A stack at 10.40.0.32/24 (gateway 10.40.0.1) under a virtual clock. What it sends is read, and what it hears is built,
/// by PacketDotNet. Disposing it proves that no frame leaked.
/// </summary>
internal sealed class TestHost : IDisposable
{
    public const string Address = "10.40.0.32";
    public const string Peer = "10.40.0.7";
    public const string Gateway = "10.40.0.1";

    public static readonly PhysicalAddress Mac = PhysicalAddress.Parse("02-00-0A-28-00-20");
    public static readonly PhysicalAddress PeerMac = PhysicalAddress.Parse("02-00-0A-28-00-07");
    public static readonly PhysicalAddress BroadcastMac = PhysicalAddress.Parse("FF-FF-FF-FF-FF-FF");

    private readonly List<MessageSocket> _sockets = [];
    private Instant? _next;

    public TestHost(
        bool detectConflicts = false,
        int mtu = 1500,
        bool start = true,
        bool checksumTrusted = false,
        int seed = 1,
        ConnectionSecret? secret = null,
        int frameCapacity = 2048)
    {
        Frames = new FramePool(frameCapacity);
        Link = new RecordingLink
        {
            Mtu = mtu,
            ChecksumTrusted = checksumTrusted,
            Observe = octets => Trace.Add($"{Now} {Describe(octets)}"),
        };
        Stack = new NetworkStack(
            new StackOptions
            {
                Mac = new MacAddress(Mac.GetAddressBytes()),
                Addresses = [new IpPrefix(IpAddress.Parse(Address), 24)],
                Gateway = IpAddress.Parse(Gateway),
                DetectConflicts = detectConflicts,
                ConnectionSecret = secret,
            },
            Link,
            Frames,
            Entropy.Seeded(seed));
        if (!start)
            return;
        Start();
        if (!detectConflicts)
        {
            Wait(5); // the announcements are over
            Link.Sent.Clear();
            Trace.Clear();
        }
    }

    public FramePool Frames { get; }

    public RecordingLink Link { get; }

    public NetworkStack Stack { get; }

    public Instant Now { get; private set; }

    /// <summary>What was sent and when, in the words of tcpdump.</summary>
    public List<string> Trace { get; } = [];

    public void Start()
    {
        Stack.Start(Now);
        Turn();
    }

    /// <summary>Lets the time pass, and the stack do what it has to at each moment that it asked for.</summary>
    public void Wait(double seconds)
    {
        Instant end = Now + TimeSpan.FromSeconds(seconds);
        Turn(); // as the owner does before it sleeps
        while (_next is { } next && next <= end)
        {
            Now = next > Now ? next : Now;
            Turn();
        }
        Now = end;
        Turn();
    }

    /// <summary>Lets the time pass without a turn, as for a process that gets no processor.</summary>
    public void Oversleep(double seconds) => Now += TimeSpan.FromSeconds(seconds);

    public void Turn() => _next = Stack.Advance(Now);

    /// <summary>A frame comes from the wire, with no more room in front than its own headers.</summary>
    public void Hear(byte[] octets)
    {
        Frame frame = Frames.Rent(headroom: 0);
        octets.CopyTo(frame.Append(octets.Length));
        Stack.Receive(frame, Now);
        Turn();
    }

    public void Hear(Packet packet) => Hear(packet.Bytes);

    public void HearArp(
        ArpOperation operation,
        string sender,
        string target,
        PhysicalAddress? mac = null,
        PhysicalAddress? to = null,
        PhysicalAddress? targetMac = null)
    {
        mac ??= PeerMac;
        targetMac ??= operation == ArpOperation.Response ? Mac : PhysicalAddress.Parse("00-00-00-00-00-00");
        var ethernet = new EthernetPacket(mac, to ?? BroadcastMac, EthernetType.Arp)
        {
            PayloadPacket = new PacketDotNet.ArpPacket(
                operation,
                targetMac,
                System.Net.IPAddress.Parse(target),
                mac,
                System.Net.IPAddress.Parse(sender)),
        };
        Hear(ethernet);
    }

    /// <summary>The stack learns the peer's MAC address, as if the peer had just asked for ours.</summary>
    public void MeetPeer()
    {
        HearArp(ArpOperation.Request, Peer, Address);
        Link.Sent.Clear();
        Trace.Clear();
    }

    public UdpSocket OpenUdp(bool isV6 = false) => Hold(Stack.OpenUdp(isV6));

    public EchoSocket OpenEcho() => Hold(Stack.OpenEcho());

    /// <summary>The last frame that was sent.</summary>
    public EthernetPacket LastSent() => Parse(Link.Sent[^1]);

    public T LastSent<T>()
        where T : Packet => LastSent().Extract<T>();

    public static EthernetPacket Parse(byte[] octets) =>
        (EthernetPacket)Packet.ParsePacket(LinkLayers.Ethernet, octets);

    public static IpEndpoint Endpoint(string address, int port) => new(IpAddress.Parse(address), (ushort)port);

    public static EthernetPacket Ip(
        ProtocolType protocol, Packet content, string source = Peer, string destination = Address)
    {
        var ip = new IPv4Packet(System.Net.IPAddress.Parse(source), System.Net.IPAddress.Parse(destination))
        {
            Protocol = protocol,
            TimeToLive = 64,
            Id = 77,
            PayloadPacket = content,
        };
        if (content is UdpPacket udp)
            udp.UpdateUdpChecksum();
        ip.UpdateIPChecksum();
        return new EthernetPacket(PeerMac, Mac, EthernetType.IPv4) { PayloadPacket = ip };
    }

    public static EthernetPacket Udp(
        int sourcePort, int destinationPort, byte[] payload, string source = Peer, string destination = Address) =>
        Ip(
            ProtocolType.Udp,
            new UdpPacket((ushort)sourcePort, (ushort)destinationPort) { PayloadData = payload },
            source,
            destination);

    /// <summary>An IPv4 packet built octet by octet, for what a library refuses to build.</summary>
    public static byte[] RawIp(
        byte protocol,
        byte[] payload,
        string source = Peer,
        string destination = Address,
        ushort id = 7,
        int offset = 0,
        bool more = false)
    {
        byte[] octets = new byte[34 + payload.Length];
        EthernetHeader.Write(
            octets, new MacAddress(Mac.GetAddressBytes()), new MacAddress(PeerMac.GetAddressBytes()), EtherType.IPv4);
        IPv4Header.Write(octets.AsSpan(14), new Pyco.Stack.Wire.IPv4Fields(
            IpAddress.Parse(source), IpAddress.Parse(destination), protocol, 20 + payload.Length)
        {
            TimeToLive = 64,
            Identification = id,
            FlagsAndOffset = (ushort)(offset / 8 | (more ? IPv4Header.MoreFragmentsFlag : 0)),
        });
        payload.CopyTo(octets, 34);
        return octets;
    }

    public void Dispose()
    {
        foreach (MessageSocket socket in _sockets)
            socket.Close();
        Stack.ShutDown();
        Assert.That(Frames.Outstanding, Is.Zero, "frames leaked");
        Assert.That(Stack.Memory.LargeFrames.Outstanding, Is.Zero, "large frames leaked");
    }

    private TSocket Hold<TSocket>(TSocket socket)
        where TSocket : MessageSocket
    {
        _sockets.Add(socket);
        return socket;
    }

    private static string Describe(byte[] octets)
    {
        EthernetPacket ethernet = Parse(octets);
        if (ethernet.PayloadPacket is PacketDotNet.ArpPacket arp)
        {
            string to = ethernet.DestinationHardwareAddress.Equals(BroadcastMac) ? "" : " unicast";
            return arp.Operation == ArpOperation.Request
                ? $"who-has {arp.TargetProtocolAddress} tell {arp.SenderProtocolAddress}{to}"
                : $"reply {arp.SenderProtocolAddress} to {arp.TargetProtocolAddress}{to}";
        }
        IPv4Packet ip = ethernet.Extract<IPv4Packet>();
        return $"{ip.Protocol} {ip.SourceAddress} > {ip.DestinationAddress}";
    }
}
