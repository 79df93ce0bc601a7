using Pyco.Stack.Wire;

namespace Pyco.Host;

/// <summary>A DNS server as users write it.</summary>
public static class NameServerAddress
{
    /// <summary>The port that name servers listen at.</summary>
    public const ushort Port = 53;

    /// <summary>How many a resolver asks (MAXNS of resolv.conf(5)).</summary>
    public const int Most = 3;

    /// <summary>Reads <c>ADDR[:PORT]</c>.</summary>
    public static bool TryParse(string? text, out IpEndpoint server)
    {
        server = default;
        if (!System.Net.IPEndPoint.TryParse(text ?? "", out System.Net.IPEndPoint? parsed) || parsed.Port is < 0 or > ushort.MaxValue)
            return false;
        IpAddress address = IpAddress.Read(parsed.Address.GetAddressBytes());
        // As for addresses elsewhere, only the plain form: what .NET makes of "10.1" would be another host.
        if (address.IsV4 && !text!.StartsWith(address.ToString(), StringComparison.Ordinal))
            return false;
        server = new IpEndpoint(address, parsed.Port == 0 ? Port : (ushort)parsed.Port);
        return !address.IsAny && !address.IsMulticast;
    }
}
