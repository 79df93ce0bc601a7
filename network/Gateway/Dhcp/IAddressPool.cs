using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway.Dhcp;

/// <summary>The addresses of a network that its DHCP server shares with the network's own hosts.</summary>
internal interface IAddressPool
{
    /// <summary>A free address of the subnet, or null; what the server has given itself is in use too.</summary>
    IpAddress? Choose();

    /// <summary>Whether the address may be given to somebody who asks for this one, as far as the server does not know itself.</summary>
    bool MayGive(IpAddress address);

    /// <summary>Somebody has it whom nobody here knows.</summary>
    void NoteTaken(IpAddress address);
}
