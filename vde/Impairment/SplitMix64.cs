using System.Buffers.Binary;
using Pyco.Stack;

namespace Pyco.Vde.Impairment;

/// <summary>
/// The generator SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, with
/// the constants of Java's SplittableRandom): a seed gives the same sequence on every machine and in every release.
/// It can be predicted, so it decides what happens to frames and is never for secrets.
/// </summary>
public sealed class SplitMix64(ulong seed) : Entropy
{
    /// <summary>2^64 divided by the golden ratio, made odd: the step visits all 2^64 states.</summary>
    private const ulong Step = 0x9e3779b97f4a7c15;

    private ulong _state = seed;

    /// <summary>One of many sequences that a seed stands for; they have nothing to do with each other.</summary>
    public static SplitMix64 ForStream(ulong seed, int stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stream);
        // The place of the stream's start is itself an output, so that neighbouring seeds do not share sequences either.
        return new SplitMix64(Mix(unchecked(Mix(seed + Step) + ((ulong)stream * Step))));
    }

    /// <summary>Each eight octets, or a shorter rest, are one output in little-endian order.</summary>
    public override void Fill(Span<byte> octets)
    {
        while (octets.Length >= sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(octets, Output());
            octets = octets[sizeof(ulong)..];
        }
        if (!octets.IsEmpty)
            FillRest(octets);
    }

    private void FillRest(Span<byte> octets)
    {
        Span<byte> output = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(output, Output());
        output[..octets.Length].CopyTo(octets);
    }

    private ulong Output()
    {
        _state = unchecked(_state + Step);
        return Mix(_state);
    }

    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
            value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
            return value ^ (value >> 31);
        }
    }
}
