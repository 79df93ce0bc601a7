using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host;

/// <summary>
/// Which of this machine's hosts was first to want its addresses on a network: it holds abstract socket names made from
/// both. The kernel decides between two at once, and lets the names go with the process.
/// </summary>
/// <remarks>
/// It is no more than a hint, because any user can bind such a name, and hosts elsewhere (or in another network namespace)
/// do not see it. So who has it still probes, and who has not only takes more time to listen.
/// </remarks>
internal sealed class AddressLock : IDisposable
{
    private readonly IpAddress[] _addresses;
    private readonly List<int> _names = [];
    private string? _network;

    /// <param name="addresses">The host's own.</param>
    public AddressLock(IEnumerable<IpPrefix> addresses) =>
        // In one order for all, or two hosts with the same two addresses could each get one and wait for the other.
        _addresses = [.. addresses.Select(prefix => prefix.Address).Distinct().OrderBy(address => $"{address}", StringComparer.Ordinal)];

    /// <summary>True while no other host of this machine can hold it.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Takes it if nobody has it.</summary>
    /// <param name="network">The network's identity; null for one that only this host knows, where there is no other.</param>
    /// <returns>Whether it is held now.</returns>
    public bool TryTake(string? network)
    {
        if (IsHeld && _network == network)
            return true;
        Release();
        _network = network;
        IsHeld = network is null || Array.TrueForAll(_addresses, address => TryBind(NameOf(network, address)));
        if (!IsHeld)
            CloseAll();
        return IsHeld;
    }

    /// <summary>Lets others have it.</summary>
    public void Release()
    {
        CloseAll();
        IsHeld = false;
    }

    public void Dispose() => Release();

    internal static string NameOf(string network, IpAddress address) => $"pyco-address-{network}-{address}";

    /// <summary>False if it is taken; what else can fail says nothing about other hosts.</summary>
    private bool TryBind(string name)
    {
        int descriptor = Libc.socket(Constants.AfUnix, Constants.SockStream | Constants.SockCloexec, 0);
        if (descriptor < 0)
            return true;
        bool isTaken = UnixAddress.Bind(descriptor, UnixAddress.Abstract(name)) < 0 &&
            Marshal.GetLastPInvokeError() == (int)Errno.EADDRINUSE;
        _names.Add(descriptor);
        return !isTaken;
    }

    private void CloseAll()
    {
        foreach (int descriptor in _names)
            _ = Libc.close(descriptor);
        _names.Clear();
    }
}
