namespace Pyco.Posix;

/// <summary>
/// Levels and names of socket options by C's names, compared with the C probe in a test; those of SOL_SOCKET that have to do
/// with AF_UNIX are among the <see cref="Constants"/>.
/// </summary>
internal static class OptionNumbers
{
    public const int IpProtoIp = 0;
    public const int IpProtoIcmp = 1;
    public const int IpProtoTcp = 6;
    public const int IpProtoUdp = 17;
    public const int IpProtoIpv6 = 41;
    public const int IpProtoIcmpv6 = 58;

    public const int SolTcp = 6;
    public const int SolUdp = 17;

    public const int SoReuseAddr = 2;
    public const int SoType = 3;
    public const int SoBroadcast = 6;
    public const int SoKeepAlive = 9;
    public const int SoOobInline = 10;
    public const int SoNoCheck = 11;
    public const int SoPriority = 12;
    public const int SoLinger = 13;
    public const int SoReusePort = 15;
    public const int SoPassCred = 16;
    public const int SoRcvTimeo = 20;
    public const int SoSndTimeo = 21;
    public const int SoBindToDevice = 25;
    public const int SoAttachFilter = 26;
    public const int SoAcceptConn = 30;
    public const int SoPeerName = 28;
    public const int SoPeerSec = 31;
    public const int SoRcvBufForce = 33;
    public const int SoPassSec = 34;
    public const int SoMark = 36;
    public const int SoTimestamping = 37;
    public const int SoProtocol = 38;
    public const int SoDomain = 39;
    public const int SoAttachBpf = 50;
    public const int SoAttachReusePortCbpf = 51;
    public const int SoAttachReusePortEbpf = 52;
    public const int SoCookie = 57;
    public const int SoPeerGroups = 59;
    public const int SoZeroCopy = 60;
    public const int SoBindToIfIndex = 62;
    public const int SoTimestampingNew = 65;
    public const int SoPeerPidFd = 77;

    public const int TcpNoDelay = 1;
    public const int TcpMaxSegment = 2;
    public const int TcpCork = 3;
    public const int TcpKeepIdle = 4;
    public const int TcpKeepInterval = 5;
    public const int TcpKeepCount = 6;
    public const int TcpSynCount = 7;
    public const int TcpLinger2 = 8;
    public const int TcpDeferAccept = 9;
    public const int TcpWindowClamp = 10;
    public const int TcpInfo = 11;
    public const int TcpQuickAck = 12;
    public const int TcpCongestion = 13;
    public const int TcpThinLinearTimeouts = 16;
    public const int TcpThinDupAck = 17;
    public const int TcpUserTimeout = 18;
    public const int TcpFastOpen = 23;
    public const int TcpNotSentLowat = 25;
    public const int TcpSaveSyn = 27;
    public const int TcpFastOpenConnect = 30;
    public const int TcpUlp = 31;
    public const int TcpInq = 36;

    public const int IpTos = 1;
    public const int IpTtl = 2;
    public const int IpRecvOpts = 6;
    public const int IpRetOpts = 7;
    public const int IpPktInfo = 8;
    public const int IpMtuDiscover = 10;
    public const int IpRecvErr = 11;
    public const int IpRecvTtl = 12;
    public const int IpRecvTos = 13;
    public const int IpMtu = 14;
    public const int IpFreeBind = 15;
    public const int IpTransparent = 19;
    public const int IpBindAddressNoPort = 24;
    public const int IpMulticastIf = 32;
    public const int IpMulticastTtl = 33;
    public const int IpMulticastLoop = 34;
    public const int IpAddMembership = 35;
    public const int IpDropMembership = 36;
    public const int McastJoinGroup = 42;
    public const int McastLeaveGroup = 45;
    public const int IpMulticastAll = 49;

    public const int Ipv6FlowInfo = 11;
    public const int Ipv6UnicastHops = 16;
    public const int Ipv6MulticastIf = 17;
    public const int Ipv6MulticastHops = 18;
    public const int Ipv6MulticastLoop = 19;
    public const int Ipv6JoinGroup = 20;
    public const int Ipv6LeaveGroup = 21;
    public const int Ipv6MtuDiscover = 23;
    public const int Ipv6Mtu = 24;
    public const int Ipv6RecvErr = 25;
    public const int Ipv6V6Only = 26;
    public const int Ipv6MulticastAll = 29;
    public const int Ipv6FlowInfoSend = 33;
    public const int Ipv6RecvPktInfo = 49;
    public const int Ipv6PktInfo = 50;
    public const int Ipv6RecvHopLimit = 51;
    public const int Ipv6HopLimit = 52;
    public const int Ipv6RecvHopOpts = 53;
    public const int Ipv6RecvRoutingHeader = 56;
    public const int Ipv6RecvDstOpts = 58;
    public const int Ipv6RecvPathMtu = 60;
    public const int Ipv6DontFrag = 62;
    public const int Ipv6RecvTClass = 66;
    public const int Ipv6TClass = 67;
}
