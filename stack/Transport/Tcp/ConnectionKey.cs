using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>The pair of sockets that names a connection (RFC 9293 §3.3.1).</summary>
internal readonly record struct ConnectionKey(IpEndpoint Local, IpEndpoint Remote)
{
    // HashCode is seeded at random for each process: a peer that picks its ports cannot aim at one bucket.
    public override int GetHashCode() => HashCode.Combine(
        (ulong)Local.Address.Value,
        (ulong)Remote.Address.Value,
        (ulong)(Remote.Address.Value >> 64),
        ((uint)Local.Port << 16) | Remote.Port);
}
