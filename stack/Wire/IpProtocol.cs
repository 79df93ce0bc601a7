namespace Pyco.Stack.Wire;

/// <summary>The protocol numbers that this stack speaks (IANA "Protocol Numbers").</summary>
internal static class IpProtocol
{
    public const byte Icmp = 1;
    public const byte Igmp = 2;
    public const byte Tcp = 6;
    public const byte Udp = 17;
}
