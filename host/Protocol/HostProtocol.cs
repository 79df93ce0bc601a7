using System.Runtime.InteropServices;

namespace Pyco.Host.Protocol;

/// <summary>
/// What shim and host say to each other: one source for both sides. The shim compiles it without the BCL, so it holds
/// constants and fixed-layout structures only. <c>docs/host-protocol.md</c> tells the story.
/// </summary>
/// <remarks>
/// Abstract names (after the leading NUL), H being the host's id in 8 lower-case hex digits:
/// <list type="table">
/// <item><term><c>pyco/H</c></term><description>SOCK_STREAM: requests and TCP connects.</description></item>
/// <item><term><c>pyco/H/d</c></term><description>SOCK_SEQPACKET: one connection for each UDP socket.</description></item>
/// <item><term><c>pyco/H/n</c></term><description>SOCK_DGRAM: notes, which nobody answers.</description></item>
/// <item><term><c>pyco/H/t4/C</c></term><description>
/// A program's TCP socket of AF_INET (t6: AF_INET6; u4, u6: UDP; i4: ICMP echo); C is its SO_COOKIE in 16 hex digits. The name is bound
/// when the socket is made and is its identity in every process that holds it.</description></item>
/// <item><term><c>pyco/H/c/N/L/R</c></term><description>
/// The host's end of an accepted connection: N its number (16 hex), L and R the local and remote endpoint, each 32 hex
/// digits of address (IPv4 mapped) and 4 of port.</description></item>
/// </list>
/// </remarks>
internal static class HostProtocol
{
    public const ushort Version = 2;

    /// <summary>"PYCO" in memory order on a little-endian machine.</summary>
    public const uint Magic = 0x4f435950;

    /// <summary>The environment variable with <c>H:SECRET:MARK:PID</c>: the id, 32 hex digits of secret,
    /// 16 hex digits of <see cref="DatagramHeader.Mark"/>, the host's pid in decimal.</summary>
    public const string EnvironmentVariable = "PYCO_HOST";

    /// <summary>Set by a program for a child that shall use the machine's own network.</summary>
    public const string DetachVariable = "PYCO_DETACH";

    public const int SecretLength = 16;
    public const int HostIdDigits = 8;
    public const int CookieDigits = 16;
    public const int EndpointDigits = 36;

    /// <summary>The longest name of a host (HOST_NAME_MAX), without a NUL.</summary>
    public const int HostNameCapacity = 64;

    /// <summary>The largest value of a socket option that a request carries.</summary>
    public const int OptionCapacity = 128;

    /// <summary>
    /// How much filler a connect sends behind its request: a quarter of SO_SNDBUF and this much more, which switches
    /// POLLOUT off until the host has read it, and the host reads it when the handshake ends.
    /// </summary>
    public const int FillerMargin = 256;

    /// <summary>
    /// The shim keeps a word in each kernel socket with SO_INCOMING_CPU, an integer that AF_UNIX stores and never uses:
    /// every process that holds the socket sees it, so nothing can go stale. The upper half marks it as ours.
    /// </summary>
    public const int StateMark = 0x5079_0000;

    public const int StateMarkMask = unchecked((int)0xffff_0000);
}

/// <summary>The low half of the state word; see <see cref="HostProtocol.StateMark"/>.</summary>
[Flags]
internal enum SocketState
{
    None = 0,

    /// <summary>AF_INET6, else AF_INET.</summary>
    V6 = 1,

    /// <summary>UDP or ICMP echo, else TCP.</summary>
    Datagram = 2,

    /// <summary>The host knows the socket: it was bound, connected, listens, or has an option set.</summary>
    Known = 4,

    /// <summary>listen() was called.</summary>
    Listening = 8,

    /// <summary>accept() made it: the peer's name tells both addresses.</summary>
    Accepted = 16,

    /// <summary>connect() was called.</summary>
    Connecting = 32,

    /// <summary>TCP_NODELAY was set before the host knew the socket; the connect request carries it.</summary>
    NoDelay = 64,

    /// <summary>The program shut its reading side down.</summary>
    ReadShut = 128,

    /// <summary>connect() has told the program of its success, or accept() made the socket.</summary>
    Established = 256,

    /// <summary>UDP of AF_INET6: IPV6_RECVPKTINFO is on.</summary>
    ReceivesIpv6PacketInfo = ReadShut,

    /// <summary>With <see cref="Datagram"/> and without <see cref="V6"/>: ICMP echo, else UDP. Each message has a header, as with <see cref="Descriptions"/>.</summary>
    Echo = ReadShut,

    /// <summary>The program shut its writing side down.</summary>
    WriteShut = 512,

    /// <summary>TCP: an option was set that accepted sockets inherit and the kernel socket holds.</summary>
    Inherits = 1024,

    /// <summary>UDP: IP_RECVERR is on.</summary>
    ReceivesErrors = Inherits,

    /// <summary>UDP: IP_PKTINFO is on.</summary>
    ReceivesPacketInfo = 2048,

    /// <summary>TCP: connect(AF_UNSPEC) has ended the connection.</summary>
    Dissolved = ReceivesPacketInfo,

    /// <summary>UDP: IP_RECVTTL is on.</summary>
    ReceivesTimeToLive = 4096,

    /// <summary>UDP: IP_RECVTOS is on.</summary>
    ReceivesTypeOfService = 8192,

    /// <summary>UDP: any of these and the host describes each datagram, those from the connected peer too.</summary>
    Descriptions = ReceivesPacketInfo | ReceivesIpv6PacketInfo | ReceivesTimeToLive | ReceivesTypeOfService,

    /// <summary>UDP: four bits, which hold the number of the socket's <see cref="ReceiveRing"/> or 0.</summary>
    ReceiveRingNumber = 8 | 16 | 64 | 256,

    /// <summary>UDP: two bits that count connects, so that what a process remembers of the peer shows its age.</summary>
    ConnectCount = 0xc000,

    /// <summary>
    /// TCP: SO_REUSEADDR, SO_KEEPALIVE or SO_BROADCAST was set. Until then the kernel socket need not be asked for them.
    /// </summary>
    HasOptions = 0x4000,

    /// <summary>TCP: the send buffer is small, so that little filler is needed, until the program is seen to know of its connection.</summary>
    HasSmallSendBuffer = 0x8000,
}

/// <summary>What a request asks for.</summary>
internal enum Operation : ushort
{
    /// <summary>In band on a TCP socket: connect to <see cref="Request.Address"/>; filler of <see cref="Request.Argument"/> octets follows.</summary>
    Connect = 1,

    /// <summary>In band on a UDP socket, first message: makes it known.</summary>
    OpenDatagram = 2,

    // All below come on a connection of their own, with the socket attached by SCM_RIGHTS, and are answered by a Reply.

    /// <summary>bind to Address; Flags carry the relevant options.</summary>
    Bind = 10,

    /// <summary>The program's socket listens now under its name; Argument is the backlog.</summary>
    Listen = 11,

    /// <summary>UDP only: connect to Address; family 0 dissolves.</summary>
    ConnectDatagram = 12,

    GetLocalAddress = 13,

    GetRemoteAddress = 14,

    /// <summary>Why a connection ended or failed, cleared by the answer; EINPROGRESS while the handshake runs.</summary>
    GetError = 15,

    SetOption = 16,

    GetOption = 17,

    /// <summary>shutdown(2) where the kernel's own on the AF_UNIX socket does not say it: Argument is SHUT_*.</summary>
    Shutdown = 18,

    /// <summary>
    /// No socket attached: address number Argument, counted from 0 over all interfaces. The reply holds the address
    /// and an <see cref="InterfaceDescription"/> in its option bytes; ENODEV behind the last one.
    /// </summary>
    GetInterface = 19,

    /// <summary>
    /// A TCP socket's option, as in SetOption, on <c>pyco/H/n</c>: nobody waits for the answer. For what cannot fail and
    /// what a program could not tell from being late.
    /// </summary>
    NoteOption = 20,

    // As GetInterface, without a socket:

    /// <summary>Who answers DNS queries: name server number Argument, counted from 0. ENOENT behind the last one.</summary>
    GetNameServer = 21,

    /// <summary>The address of the network's host whose name the option bytes hold. ENOENT if there is none.</summary>
    FindHost = 22,

    /// <summary>The name of the network's host that has Address; the reply's option bytes hold it. ENOENT if there is none.</summary>
    FindHostName = 23,

    /// <summary>Search domain number Argument, counted from 0, without a socket; the reply's option bytes hold it. ENOENT behind the last one.</summary>
    GetSearchDomain = 24,

    // UDP only, for IP_RECVERR; the option bytes hold a DatagramErrorDescription:

    /// <summary>
    /// The oldest error that waits; the reply's Address is where the datagram was to go, its Argument the own IPv4 address, as it stands
    /// in a header, that ICMP's message came to. EAGAIN if there is none.
    /// </summary>
    TakeDatagramError = 25,

    /// <summary>A datagram to Address was refused before the host has seen it.</summary>
    AddDatagramError = 26,

    /// <summary>UDP only: the <see cref="SendRing"/> of a busy socket, made if need be. The reply brings the memory (SCM_RIGHTS).</summary>
    GetSendRing = 27,

    /// <summary>
    /// UDP only: the <see cref="ReceiveRing"/> of a busy socket, made if need be. The reply brings the memory (SCM_RIGHTS), its
    /// number in Argument.
    /// </summary>
    GetReceiveRing = 28,
}

/// <summary>Option bits that travel with a request because the kernel socket holds them.</summary>
[Flags]
internal enum RequestFlags : ushort
{
    None = 0,
    ReuseAddress = 1,
    ReusePort = 2,
    V6Only = 4,
    NoDelay = 8,
    KeepAlive = 16,
    Broadcast = 32,
    V6 = 64,

    /// <summary>The host has heard of the socket before, perhaps by a note that it has not read yet.</summary>
    Known = 128,
}

/// <summary>An address as the protocol carries it: IPv4 in its mapped form.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct WireAddress
{
    /// <summary>AF_INET, AF_INET6, or AF_UNSPEC for none.</summary>
    public ushort Family;

    /// <summary>In host order.</summary>
    public ushort Port;

    /// <summary>sin6_scope_id.</summary>
    public uint Scope;

    public fixed byte Octets[16];
}

/// <summary>A request, 200 octets.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct Request
{
    public uint Magic;
    public ushort Version;
    public Operation Operation;
    public fixed byte Secret[HostProtocol.SecretLength];
    public WireAddress Address;
    public RequestFlags Flags;
    public ushort OptionLength;
    public int Argument;
    public int OptionLevel;
    public int OptionName;
    public fixed byte Option[HostProtocol.OptionCapacity];
    public uint Reserved0;
    public uint Reserved1;
}

/// <summary>What a <see cref="StreamNote"/> sets.</summary>
internal enum StreamOption
{
    /// <summary>TCP_NODELAY.</summary>
    NoDelay = 1,

    /// <summary>SO_KEEPALIVE.</summary>
    KeepAlive = 2,

    /// <summary>
    /// The last of so many octets behind the note, in one message with it, is urgent (MSG_OOB). They stand behind it because the descriptor
    /// comes with a message's first octet.
    /// </summary>
    Urgent = 3,
}

/// <summary>
/// An option of a connected TCP socket, or what an octet is, told in its own stream between what the program writes, and no part of that. It comes with a
/// descriptor (SCM_RIGHTS), of no worth in itself: that ends the host's read and tells it to look for the mark. 16 octets.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct StreamNote
{
    /// <summary>The host's random mark, from the environment variable.</summary>
    public fixed byte Mark[8];

    public StreamOption Option;

    /// <summary>1 for on, 0 for off; of <see cref="StreamOption.Urgent"/> a number of octets.</summary>
    public int Value;
}

/// <summary>An answer, 168 octets.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct Reply
{
    public uint Magic;

    /// <summary>0, or the errno that the program gets.</summary>
    public int Error;

    public WireAddress Address;
    public int Argument;
    public ushort OptionLength;
    public ushort Reserved;
    public fixed byte Option[HostProtocol.OptionCapacity];
}

/// <summary>
/// Stands before the payload of a datagram that is not simply from or to the connected peer, in both directions. It
/// begins with a random mark, so a plain payload is never taken for one: plain payloads need no header, and read() and
/// write() of a connected socket go untouched. 56 octets.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct DatagramHeader
{
    /// <summary>The host's random mark, from the environment variable.</summary>
    public fixed byte Mark[8];

    /// <summary>
    /// Host to program: set instead of a payload when an earlier datagram met an error (ECONNREFUSED …). Program to host: 0, or
    /// one of <see cref="SendSignal"/>.
    /// </summary>
    public int Error;

    /// <summary>The peer: where to, or where from.</summary>
    public WireAddress Peer;

    /// <summary>Host to program: the own address it came to (IP_PKTINFO). Program to host: the source to use, or family 0.</summary>
    public fixed byte LocalOctets[16];

    /// <summary>Host to program: with which it came. Program to host: with which it is to go, or 0 for the socket's.</summary>
    public byte TimeToLive;

    /// <summary>Host to program: with which it came. Program to host: with which it is to go, if <see cref="Flags"/> say so.</summary>
    public byte TypeOfService;

    /// <summary>AF_INET or AF_INET6, or AF_UNSPEC for no own address.</summary>
    public byte LocalFamily;

    public DatagramFlags Flags;
}

/// <summary>What else a <see cref="DatagramHeader"/> says.</summary>
[Flags]
internal enum DatagramFlags : byte
{
    None = 0,

    /// <summary>Host to program: the socket is so busy that it should ask for a <see cref="ReceiveRing"/>.</summary>
    OffersRing = 1,

    /// <summary>Program to host: the datagram has a type of service of its own.</summary>
    SetsTypeOfService = 2,
}

/// <summary>What sock_extended_err (recvmsg's MSG_ERRQUEUE, ip(7)) tells of a datagram, and the datagram. 128 octets.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct DatagramErrorDescription
{
    public const int PayloadCapacity = 88;

    /// <summary>SO_EE_ORIGIN_LOCAL and SO_EE_ORIGIN_ICMP.</summary>
    public const byte OriginLocal = 1;

    public const byte OriginIcmp = 2;

    /// <summary>An errno.</summary>
    public int Error;

    public byte Origin;
    public byte Type;
    public byte Code;
    public byte Reserved;

    /// <summary>The MTU of the hop that did not take it.</summary>
    public uint Mtu;

    /// <summary>Who has told of it; family 0 for nobody.</summary>
    public WireAddress Offender;

    public byte PayloadLength;

    /// <summary>With which ICMP's message came.</summary>
    public byte TimeToLive;

    public byte TypeOfService;

    public byte Reserved1;

    /// <summary>The beginning of what was sent.</summary>
    public fixed byte Payload[PayloadCapacity];
}

/// <summary>One address of one interface, in the option bytes of GetInterface's reply. 44 octets.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct InterfaceDescription
{
    /// <summary>NUL-terminated.</summary>
    public fixed byte Name[16];

    /// <summary>All zero for the loopback interface.</summary>
    public fixed byte Mac[6];

    /// <summary>Length of the subnet prefix within the address's own family.</summary>
    public byte PrefixLength;

    public byte Reserved;

    /// <summary>if_nametoindex's number, from 1.</summary>
    public int Index;

    /// <summary>IFF_UP and so on.</summary>
    public uint Flags;

    public uint Mtu;

    /// <summary>The default gateway's IPv4 address as its four octets; zero for none.</summary>
    public fixed byte Gateway[4];

    public uint Reserved1;
}
