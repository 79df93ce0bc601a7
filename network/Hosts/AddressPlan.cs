using Pyco.Stack.Wire;

namespace Pyco.Network.Hosts;

/// <summary>Which addresses of a network's subnet may be given to hosts that ask for none.</summary>
internal sealed class AddressPlan(NetworkOptions options)
{
    private readonly HashSet<IpAddress> _taken = [];
    private uint _next;

    /// <summary>
    /// The next free address after the one that was given last, so that a peer does not meet another host at an address
    /// that it has just spoken to; null if all are in use.
    /// </summary>
    public IpPrefix? Choose(Predicate<IpAddress> isInUse)
    {
        IpPrefix subnet = options.Subnet;
        uint network = subnet.Network.V4;
        uint size = subnet.Length == 32 ? 0 : uint.MaxValue >> subnet.Length;
        bool hasEnds = subnet.Length <= 30; // the network's own address, and the one for broadcasts
        uint first = hasEnds ? 1u : 0u;
        uint last = hasEnds ? size - 1 : size;
        for (uint tried = 0; tried <= last - first; tried++)
        {
            uint host = first + ((_next + tried) % (last - first + 1));
            IpAddress address = IpAddress.FromV4(network + host);
            if (!IsFree(address, host, isInUse))
                continue;
            _next = host - first + 1;
            return new IpPrefix(address, subnet.Length);
        }
        return null;
    }

    /// <summary>Whether somebody who asks for this address may have it.</summary>
    public bool MayGive(IpAddress address, Predicate<IpAddress> isInUse)
    {
        IpPrefix subnet = options.Subnet;
        bool isEnd = subnet.Length <= 30 && (address == subnet.Network || address == subnet.DirectedBroadcast);
        return subnet.Contains(address) && !isEnd && IsFree(address, address.V4 - subnet.Network.V4, isInUse);
    }

    /// <summary>Somebody on the wire has it who is none of ours: it is not tried again.</summary>
    public void NoteTaken(IpAddress address) => _taken.Add(address);

    private bool IsFree(IpAddress address, uint host, Predicate<IpAddress> isInUse) =>
        address != options.Gateway && !IsReserved(host) && !_taken.Contains(address) && !isInUse(address);

    /// <summary>The first address is left for a router, whether there is one yet or not.</summary>
    private bool IsReserved(uint host) => host == 1 && options.Subnet.Length <= 29;
}
