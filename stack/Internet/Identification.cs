using System.Runtime.InteropServices;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>
/// Chooses the IPv4 identification of packets that may be fragmented (RFC 6864): it must not come again for the same
/// source, destination and protocol soon. One counter for all would tell every peer how much we send to others
/// (RFC 7739 §3), so destinations are spread over counters by a secret.
/// </summary>
internal sealed class Identification
{
    private const int CounterCount = 256; // a power of two

    private readonly ushort[] _counters = new ushort[CounterCount];
    private readonly uint _secret;

    public Identification(Entropy entropy)
    {
        _secret = entropy.NextUInt32();
        entropy.Fill(MemoryMarshal.AsBytes(_counters.AsSpan()));
    }

    public ushort Next(IpAddress destination, byte protocol)
    {
        uint hash = (destination.V4 ^ _secret ^ protocol) * 2654435761; // Knuth's multiplicative hash
        return ++_counters[hash >> 24];
    }
}
