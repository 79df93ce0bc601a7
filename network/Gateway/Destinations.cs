using Pyco.Host;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Gateway;

/// <summary>What a gateway has to say to a host that wants to reach something.</summary>
internal enum Verdict
{
    Permitted,

    /// <summary>It is not on the list of what hosts may reach.</summary>
    Prohibited,

    /// <summary>It is a port of the gateway itself at which nobody is.</summary>
    NobodyThere,
}

/// <summary>
/// Says where in the machine's network what a host has asked for is, and whether it may have it. What only the machine
/// itself should reach, its loopback and its link's addresses, is for nobody unless a rule names it: services trust those.
/// </summary>
/// <param name="allowed">What hosts may reach; empty for all that is not the machine's own.</param>
/// <param name="gateway">The gateway's own address.</param>
/// <param name="nameServer">Who answers what is asked at the gateway's port 53.</param>
internal sealed class Destinations(IReadOnlyList<AllowRule> allowed, IpAddress gateway, NameServer nameServer)
{
    /// <summary>
    /// Services trust who comes from 127/8 to be on the machine, and cloud machines get their secrets from an address in
    /// 169.254/16; no router passes on either (RFC 1122 §3.2.1.3, RFC 3927 §7).
    /// </summary>
    private static readonly IpPrefix[] MachineOnly = [IpPrefix.Parse("127.0.0.0/8"), IpPrefix.Parse("169.254.0.0/16")];

    /// <summary>Finds who is meant with an address and port.</summary>
    /// <param name="asked">As the host wrote it.</param>
    /// <param name="now">The moment.</param>
    /// <param name="outside">The same in the machine's network.</param>
    public Verdict Find(IpEndpoint asked, Instant now, out IpEndpoint outside)
    {
        outside = asked;
        if (asked.Port == NameServerAddress.Port && nameServer.Current(now) is { } server &&
            (asked.Address == gateway || asked == server))
        {
            outside = server;
            return Verdict.Permitted;
        }
        if (asked.Address != gateway)
            return IsAllowed(asked.Address, asked.Port) ? Verdict.Permitted : Verdict.Prohibited;
        // The machine is where its hosts' gateway is: so its loopback is reached there, which they could not address.
        outside = asked with { Address = IpAddress.LoopbackV4 };
        return IsAllowed(outside.Address, outside.Port) ? Verdict.Permitted : Verdict.NobodyThere;
    }

    /// <summary>Whether it is where the gateway itself answers for names.</summary>
    public bool IsNameServer(IpEndpoint asked) => asked.Address == gateway && asked.Port == NameServerAddress.Port;

    /// <summary>Whether hosts may send echo requests there.</summary>
    public bool MayPing(IpAddress address) => IsAllowed(address, null);

    private bool IsAllowed(IpAddress address, ushort? port)
    {
        foreach (IpPrefix block in MachineOnly)
        {
            if (block.Contains(address))
                return allowed.Any(rule => block.Contains(rule.Block.Address) && rule.Block.Length >= block.Length && rule.Covers(address, port));
        }
        return allowed.Count == 0 || allowed.Any(rule => rule.Covers(address, port));
    }
}
