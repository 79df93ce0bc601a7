using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport;

/// <summary>What an address that a socket is bound to covers, wildcards and dual-stack sockets included, as on Linux.</summary>
internal static class LocalBinding
{
    /// <summary>True if the socket receives what is sent to one of our addresses.</summary>
    public static bool Covers(StackSocket socket, IpAddress destination)
    {
        IpAddress local = socket.Local.Address;
        return local == destination ||
            (local.IsAny && (local.IsV4 == destination.IsV4 || (destination.IsV4 && !socket.V6Only)));
    }

    /// <summary>True if there is an address whose packets both could want: a socket, and another about to be bound.</summary>
    public static bool Overlaps(StackSocket bound, StackSocket binding, IpAddress address)
    {
        IpAddress other = bound.Local.Address;
        if (other.IsV4 == address.IsV4)
            return other == address || other.IsAny || address.IsAny;
        // 0.0.0.0:80 and [::]:80 exclude each other unless the latter wants IPv6 only.
        return other.IsV4 ? address.IsAny && !binding.V6Only : other.IsAny && !bound.V6Only;
    }
}
