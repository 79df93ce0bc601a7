using System.Security.Cryptography;

namespace Pyco.Stack;

/// <summary>
/// What initial sequence numbers (RFC 6528 §3) and the offsets of timestamps (RFC 7323 §5.4) are hashed with. Hosts that may
/// follow each other at one address share it, as the programs of one kernel do: only then are the numbers of a later host
/// beyond those of an earlier one, and a peer that has an old connection in TIME-WAIT takes the new one for new (RFC 6191).
/// </summary>
public sealed class ConnectionSecret : IEquatable<ConnectionSecret>
{
    /// <summary>Octets of a secret.</summary>
    public const int Length = 32;

    private readonly byte[] _octets;

    /// <param name="octets"><see cref="Length"/> octets that nobody can guess.</param>
    public ConnectionSecret(ReadOnlySpan<byte> octets)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(octets.Length, Length);
        _octets = octets.ToArray();
    }

    internal ReadOnlySpan<byte> Octets => _octets;

    public static ConnectionSecret Create(Entropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Span<byte> octets = stackalloc byte[Length];
        entropy.Fill(octets);
        return new ConnectionSecret(octets);
    }

    public bool Equals(ConnectionSecret? other) => other is not null && CryptographicOperations.FixedTimeEquals(_octets, other._octets);

    public override bool Equals(object? obj) => Equals(obj as ConnectionSecret);

    public override int GetHashCode() => HashCode.Combine(_octets[0], _octets[1]);
}
