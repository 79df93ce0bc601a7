using System.Buffers.Binary;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>
/// Initial sequence numbers that a stranger cannot guess and that grow from one incarnation of a connection to the next
/// (RFC 6528: ISN = M + F(addresses, ports, secret)); and, by the same hash, timestamps' offsets (RFC 7323 §7.1).
/// </summary>
internal sealed class IsnGenerator(ConnectionSecret secret)
{
    private const int TupleLength = (2 * IpAddress.LengthV6) + 4;

    private readonly SipHash _sequence = SipHash.WithKey(secret.Octets[..SipHash.KeyLength]);
    private readonly SipHash _timestamp = SipHash.WithKey(secret.Octets[SipHash.KeyLength..]);

    /// <summary>The ISS for a connection that begins now.</summary>
    public SequenceNumber Next(in IpEndpoint local, in IpEndpoint remote, Instant now)
    {
        uint clock = unchecked((uint)(now.Ticks / (4 * TimeSpan.TicksPerMicrosecond))); // M: one step in 4 µs
        return new(unchecked(clock + Hash(_sequence, local, remote)));
    }

    /// <summary>What to add to the clock to get the connection's TSval, so that it does not tell the host's uptime.</summary>
    public uint TimestampOffset(in IpEndpoint local, in IpEndpoint remote) => Hash(_timestamp, local, remote);

    private static uint Hash(in SipHash hash, in IpEndpoint local, in IpEndpoint remote)
    {
        Span<byte> octets = stackalloc byte[TupleLength];
        WriteTuple(octets, local, remote);
        return unchecked((uint)hash.Hash(octets));
    }

    private static void WriteTuple(Span<byte> octets, in IpEndpoint local, in IpEndpoint remote)
    {
        local.Address.WriteV6(octets);
        remote.Address.WriteV6(octets[IpAddress.LengthV6..]);
        BinaryPrimitives.WriteUInt16BigEndian(octets[(2 * IpAddress.LengthV6)..], local.Port);
        BinaryPrimitives.WriteUInt16BigEndian(octets[((2 * IpAddress.LengthV6) + 2)..], remote.Port);
    }
}
