namespace Pyco.Posix;

/// <summary>Levels and names of socket options by C's names, compared with the C probe in a test.</summary>
internal static class OptionNumbers
{
    public const int SolSocket = 1;
    public const int SoReuseAddr = 2;
    public const int SoType = 3;
    public const int SoBroadcast = 6;
    public const int SoKeepAlive = 9;
    public const int SoLinger = 13;
    public const int SoReusePort = 15;
    public const int SoCookie = 57;

    public const int IpProtoIp = 0;
    public const int IpTos = 1;
    public const int IpTtl = 2;
    public const int IpPktInfo = 8;
    public const int IpMtuDiscover = 10;
    public const int IpRecvErr = 11;
    public const int IpMtu = 14;

    public const int IpProtoIpv6 = 41;
    public const int Ipv6UnicastHops = 16;
    public const int Ipv6MtuDiscover = 23;
    public const int Ipv6Mtu = 24;
    public const int Ipv6RecvErr = 25;
    public const int Ipv6V6Only = 26;
    public const int Ipv6RecvPktInfo = 49;
    public const int Ipv6PktInfo = 50;
    public const int Ipv6TClass = 67;

    public const int IpProtoTcp = 6;
    public const int TcpNoDelay = 1;
    public const int TcpMaxSegment = 2;
    public const int TcpCork = 3;
    public const int TcpKeepIdle = 4;
    public const int TcpKeepInterval = 5;
    public const int TcpKeepCount = 6;
    public const int TcpInfo = 11;
    public const int TcpCongestion = 13;
    public const int TcpUserTimeout = 18;
}
