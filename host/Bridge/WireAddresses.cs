using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack.Wire;

namespace Pyco.Host.Bridge;

/// <summary>Between the protocol's addresses and the stack's.</summary>
internal static unsafe class WireAddresses
{
    /// <summary>Reads an endpoint; false if the family is none that we know (AF_UNSPEC included).</summary>
    public static bool TryRead(in WireAddress wire, out IpEndpoint endpoint)
    {
        IpAddress address;
        fixed (byte* octets = wire.Octets)
            address = IpAddress.Read(new ReadOnlySpan<byte>(octets, IpAddress.LengthV6));
        endpoint = new IpEndpoint(address, wire.Port);
        return wire.Family switch
        {
            Constants.AfInet => address.IsV4,
            Constants.AfInet6 => true,
            _ => false,
        };
    }

    /// <summary>An endpoint as a program with a socket of this family sees it.</summary>
    public static WireAddress Write(IpEndpoint endpoint, bool isV6)
    {
        WireAddress wire = new()
        {
            Family = (ushort)(isV6 ? Constants.AfInet6 : Constants.AfInet),
            Port = endpoint.Port,
        };
        endpoint.Address.WriteV6(new Span<byte>(wire.Octets, IpAddress.LengthV6));
        return wire;
    }
}
