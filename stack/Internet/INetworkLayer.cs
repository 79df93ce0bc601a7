using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>What a transport protocol asks of the internet layer below it.</summary>
internal interface INetworkLayer
{
    /// <summary>
    /// Finds the way to a destination: ENETUNREACH without a route, EADDRNOTAVAIL if <paramref name="source"/> (any
    /// address when it is unspecified) is not ours.
    /// </summary>
    Errno TryRoute(IpAddress destination, IpAddress source, out Route route);

    /// <summary>True if the address is one of this host's own, loopback included, or one that it answers for.</summary>
    bool IsLocal(IpAddress address);

    /// <summary>True for the limited broadcast address and those of this host's subnets.</summary>
    bool IsBroadcast(IpAddress address);

    /// <summary>What the sockets of this host have joined.</summary>
    MulticastGroups Groups { get; }

    /// <summary>An empty frame with room in front for the headers that <see cref="Send"/> will write.</summary>
    Frame RentFrame();

    /// <summary>The same for a payload that may be larger than a usual frame, up to 65,535 octets.</summary>
    Frame RentFrame(int payloadOctets);

    /// <summary>Takes a packet that is going to wait for long; the same octets in a smaller buffer, where they fit into one.</summary>
    Frame Compact(Frame frame);

    /// <summary>
    /// Takes a frame whose window is the transport's header and payload, and sends it, fragmenting if the route's MTU wants
    /// it and the options allow. The checksum is filled in, unless the route trusts it and the frame says so. A
    /// super-segment goes whole. Neighbour resolution may delay it.
    /// </summary>
    void Send(Frame frame, in Route route, in PacketOptions options, Instant now);

    /// <summary>Tells that the neighbour on this route answers (RFC 4861 §7.3.1's upper-layer hint).</summary>
    void ConfirmReachable(in Route route, Instant now);

    /// <summary>
    /// Keeps what a "fragmentation needed" error told (RFC 1191). The transport calls it, once it has seen that the
    /// quoted packet can be its own: anybody can forge such an error (RFC 5927).
    /// </summary>
    void ReportPathMtu(IpAddress destination, int mtu, Instant now);

    /// <summary>Answers a received packet with an ICMP destination unreachable; applies RFC 1122 §3.2.2's exceptions.</summary>
    void SendUnreachable(in PacketInfo packet, ReadOnlySpan<byte> transportOctets, byte code, Instant now);
}

/// <summary>The way to a destination, as found now. Transports may keep it and ask again when it fails.</summary>
internal readonly record struct Route(IpAddress Source, IpAddress Destination, IpAddress NextHop, int Mtu)
{
    /// <summary>The destination is this host: packets turn round inside the stack.</summary>
    public bool IsLoopback { get; init; }

    /// <summary>The largest packet of the first link, whatever is known of those behind it.</summary>
    public int LinkMtu { get; init; } = Mtu;

    /// <summary>The destination is a broadcast address of the link.</summary>
    public bool IsBroadcast { get; init; }

    /// <summary>What goes over the link goes to sockets of this host too: broadcast, and groups that they have joined.</summary>
    public bool ReturnsCopy { get; init; }

    /// <summary>See <see cref="Link.ILink.QueueFrames"/>; null for loopback.</summary>
    public int? QueueFrames { get; init; }

    /// <summary>
    /// Transports need not compute checksums: see <see cref="Link.ILink.ChecksumTrusted"/>; also true for loopback. Who
    /// leaves one out marks the frame.
    /// </summary>
    public bool ChecksumTrusted { get; init; }

    /// <summary>See <see cref="Link.ILink.MaxSuperSegment"/>; loopback takes the largest packets.</summary>
    public int MaxSuperSegment { get; init; }
}

/// <summary>The IP header fields that a transport chooses for a packet.</summary>
internal readonly record struct PacketOptions(byte Protocol, byte TimeToLive, byte TypeOfService, bool DontFragment)
{
    /// <summary>See <see cref="IPv4Fields.HasRouterAlert"/>; for packets that are small.</summary>
    public bool HasRouterAlert { get; init; }
}

/// <summary>The IP header fields that a transport sees of a received packet.</summary>
internal readonly record struct PacketInfo(IpAddress Source, IpAddress Destination, byte Protocol)
{
    public byte TimeToLive { get; init; }

    public byte TypeOfService { get; init; }

    /// <summary>The IPv4 identification, which an ICMP error about the packet quotes.</summary>
    public ushort Identification { get; init; }

    /// <summary>The IPv4 DF flag, quoted likewise.</summary>
    public bool DontFragment { get; init; }

    /// <summary>The packet came to a broadcast or multicast address: it must not be answered with an error.</summary>
    public bool IsBroadcast { get; init; }

    /// <summary>The packet never left this host, or its frame lacks the checksum: it must not be verified.</summary>
    public bool ChecksumTrusted { get; init; }
}

/// <summary>An ICMP error about a packet that we sent, for the transport that sent it (RFC 1122 §3.2.2).</summary>
internal readonly record struct IcmpError(IpAddress Source, IpAddress Destination, Errno Errno)
{
    /// <summary>Port unreachable and the like: the connection attempt is hopeless (RFC 1122 §4.2.3.9).</summary>
    public bool IsHard { get; init; }

    /// <summary>The next hop's MTU where the message carries one (RFC 1191), else null.</summary>
    public int? Mtu { get; init; }

    /// <summary>Who has sent it.</summary>
    public IpAddress Offender { get; init; }

    /// <summary>ICMP's type and code.</summary>
    public byte Type { get; init; }

    public byte Code { get; init; }

    /// <summary>The address of ours that it came to.</summary>
    public IpAddress Local { get; init; }

    /// <summary>Time to live and type of service it came with.</summary>
    public byte TimeToLive { get; init; }

    public byte TypeOfService { get; init; }
}

/// <summary>A protocol above IP.</summary>
internal interface ITransport
{
    /// <summary>Takes the frame, whose window is the transport's header and payload.</summary>
    void Receive(Frame frame, in PacketInfo packet, Instant now);

    /// <summary>Lends the first octets of the transport header of the packet that the error is about (at least 8).</summary>
    void OnIcmpError(in IcmpError error, ReadOnlySpan<byte> quotedTransportOctets, Instant now);

    /// <summary>Does all that is due, sends what was held back for the end of a batch (acknowledgements).</summary>
    /// <returns>When it wants to be called next, or null.</returns>
    Instant? Advance(Instant now);
}
