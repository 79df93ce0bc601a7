using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Pyco.Stack;

/// <summary>
/// The only source of chance in the stack. Production uses the operating system's generator, because predictable
/// sequence numbers and ports are an attack (RFC 6528, RFC 6056); tests use a seed and print it.
/// </summary>
public abstract class Entropy
{
    /// <summary>The operating system's cryptographic generator.</summary>
    public static Entropy System { get; } = new SystemEntropy();

    /// <summary>A repeatable sequence for tests and simulations: never for a network others can reach.</summary>
    public static Entropy Seeded(int seed) => new SeededEntropy(seed);

    public abstract void Fill(Span<byte> octets);

    public uint NextUInt32()
    {
        Span<byte> octets = stackalloc byte[4];
        Fill(octets);
        return BinaryPrimitives.ReadUInt32LittleEndian(octets);
    }

    public ulong NextUInt64()
    {
        Span<byte> octets = stackalloc byte[8];
        Fill(octets);
        return BinaryPrimitives.ReadUInt64LittleEndian(octets);
    }

    /// <summary>A value from 0 to <paramref name="exclusiveUpperBound"/> - 1.</summary>
    public int Next(int exclusiveUpperBound) =>
        (int)(((ulong)NextUInt32() * (uint)exclusiveUpperBound) >> 32);

    private sealed class SystemEntropy : Entropy
    {
        public override void Fill(Span<byte> octets) => RandomNumberGenerator.Fill(octets);
    }

    private sealed class SeededEntropy(int seed) : Entropy
    {
        private readonly Random _random = new(seed);

        public override void Fill(Span<byte> octets) => _random.NextBytes(octets);
    }
}
