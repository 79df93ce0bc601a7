using System.Buffers.Binary;
using System.Numerics;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>SipHash-2-4 (Aumasson, Bernstein 2012): a short keyed hash that shows nothing of its key.</summary>
internal readonly struct SipHash
{
    public const int KeyLength = 16;

    private readonly ulong _key0;
    private readonly ulong _key1;

    public SipHash(ulong key0, ulong key1) => (_key0, _key1) = (key0, key1);

    public static SipHash WithRandomKey(Entropy entropy) => new(entropy.NextUInt64(), entropy.NextUInt64());

    public static SipHash WithKey(ReadOnlySpan<byte> octets) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(octets), BinaryPrimitives.ReadUInt64LittleEndian(octets[8..]));

    public ulong Hash(ReadOnlySpan<byte> octets)
    {
        ulong v0 = _key0 ^ 0x736f6d6570736575;
        ulong v1 = _key1 ^ 0x646f72616e646f6d;
        ulong v2 = _key0 ^ 0x6c7967656e657261;
        ulong v3 = _key1 ^ 0x7465646279746573;
        ulong last = (ulong)octets.Length << 56;
        for (; octets.Length >= 8; octets = octets[8..])
            Absorb(BinaryPrimitives.ReadUInt64LittleEndian(octets), ref v0, ref v1, ref v2, ref v3);
        for (int index = 0; index < octets.Length; index++)
            last |= (ulong)octets[index] << (8 * index);
        Absorb(last, ref v0, ref v1, ref v2, ref v3);
        v2 ^= 0xff;
        for (int round = 0; round < 4; round++)
            Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static void Absorb(ulong word, ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v3 ^= word;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= word;
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        unchecked
        {
            v0 += v1;
            v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
            v0 = BitOperations.RotateLeft(v0, 32);
            v2 += v3;
            v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
            v2 = BitOperations.RotateLeft(v2, 32);
        }
    }
}
