namespace Pyco.Host.Bridge;

/// <summary>What programs see of the host beside its addresses.</summary>
/// <param name="InterfaceName">The name of the interface.</param>
/// <param name="Mtu">Its MTU in octets.</param>
/// <param name="Names">Who knows names.</param>
internal sealed record HostIdentity(string InterfaceName, int Mtu, NameSources Names);
