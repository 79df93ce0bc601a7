using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pyco.Stack.Wire;

/// <summary>
/// The Internet checksum (RFC 1071). A sum is built up in pieces: start with 0 or <see cref="PseudoHeader"/>, pass it
/// through <see cref="Add(uint, ReadOnlySpan{byte})"/> for every piece, then take <see cref="Finish"/> to fill a header
/// or <see cref="IsValid"/> to check one. Every piece but the last must have an even length.
/// </summary>
internal static class Checksum
{
    private const int VectorsPerTurn = 4;

    /// <summary>
    /// What TCP and UDP add to cover the addresses (RFC 9293 §3.1, RFC 768; RFC 8200 §8.1 for IPv6). The length is that
    /// of the transport's header and payload.
    /// </summary>
    public static uint PseudoHeader(IpAddress source, IpAddress destination, byte protocol, int lengthOctets)
    {
        uint sum = protocol + ((uint)lengthOctets >> 16) + ((uint)lengthOctets & 0xffff);
        if (destination.IsV4)
        {
            sum += (source.V4 >> 16) + (source.V4 & 0xffff);
            return sum + (destination.V4 >> 16) + (destination.V4 & 0xffff);
        }
        return sum + SumOfWords(source.Value) + SumOfWords(destination.Value);
    }

    /// <summary>The sum of what was summed before and these octets.</summary>
    public static uint Add(uint sum, ReadOnlySpan<byte> octets)
    {
        // One's complement addition does not care about byte order (RFC 1071 §2 B), so words are added as the machine
        // reads them and turned round once at the end.
        uint native = Fold(SumNative(octets));
        uint inNetworkOrder = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness((ushort)native) : native;
        return sum + inNetworkOrder;
    }

    /// <summary>The sum of one piece of octets.</summary>
    public static uint Add(ReadOnlySpan<byte> octets) => Add(0, octets);

    /// <summary>The sum of what was summed before and a frame's octets from one on, attached ones included.</summary>
    public static uint Add(uint sum, Frame frame, int start)
    {
        ReadOnlySpan<byte> own = frame.Head[start..];
        sum = Add(sum, own);
        bool isOdd = own.Length % 2 != 0;
        foreach (ChunkPiece piece in frame.Attachment)
        {
            uint part = Add(piece.Octets);
            // At an odd place each octet counts for the other half of its word (RFC 1071 §2 B).
            sum += isOdd ? BinaryPrimitives.ReverseEndianness((ushort)part) : part;
            isOdd ^= piece.Length % 2 != 0;
        }
        return sum;
    }

    /// <summary>The value for a header's checksum field, which must have been zero while summing.</summary>
    public static ushort Finish(uint sum) => (ushort)~Fold(sum);

    /// <summary>True if octets that include a filled checksum field came to this sum.</summary>
    public static bool IsValid(uint sum) => Fold(sum) == 0xffff;

    /// <summary>The new value of a checksum field after one 16-bit word under it has changed (RFC 1624, equation 3).</summary>
    public static ushort Update(ushort checksum, ushort oldWord, ushort newWord) =>
        Finish((uint)(ushort)~checksum + (ushort)~oldWord + newWord);

    private static uint Fold(ulong sum)
    {
        sum = (sum & 0xffffffff) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return (uint)((sum & 0xffff) + (sum >> 16));
    }

    private static uint SumOfWords(UInt128 value)
    {
        uint sum = 0;
        for (; value != 0; value >>= 16)
            sum += (ushort)value;
        return sum;
    }

    private static ulong SumNative(ReadOnlySpan<byte> octets)
    {
        ref byte start = ref MemoryMarshal.GetReference(octets);
        nuint offset = 0;
        nuint length = (nuint)octets.Length;
        ulong sum = 0;
        nuint turn = (nuint)(VectorsPerTurn * Vector128<byte>.Count);
        if (Vector128.IsHardwareAccelerated && length >= turn)
        {
            // 64-bit lanes take 32-bit halves, so no carry can be lost. Two accumulators keep the adders busy.
            Vector128<ulong> low = Vector128.Create(0xffffffffUL);
            Vector128<ulong> first = Vector128<ulong>.Zero;
            Vector128<ulong> second = Vector128<ulong>.Zero;
            for (; offset + turn <= length; offset += turn)
            {
                Vector128<ulong> a = Vector128.LoadUnsafe(ref start, offset).AsUInt64();
                Vector128<ulong> b = Vector128.LoadUnsafe(ref start, offset + 16).AsUInt64();
                Vector128<ulong> c = Vector128.LoadUnsafe(ref start, offset + 32).AsUInt64();
                Vector128<ulong> d = Vector128.LoadUnsafe(ref start, offset + 48).AsUInt64();
                first += (a & low) + (a >>> 32) + (b & low) + (b >>> 32);
                second += (c & low) + (c >>> 32) + (d & low) + (d >>> 32);
            }
            sum = Vector128.Sum(first + second);
        }
        ReadOnlySpan<byte> rest = octets[(int)offset..];
        for (; rest.Length >= sizeof(uint); rest = rest[sizeof(uint)..])
            sum += MemoryMarshal.Read<uint>(rest);
        if (rest.Length >= sizeof(ushort))
        {
            sum += MemoryMarshal.Read<ushort>(rest);
            rest = rest[sizeof(ushort)..];
        }
        if (rest.Length != 0)
            sum += BitConverter.IsLittleEndian ? rest[0] : (uint)rest[0] << 8; // padded with a zero octet
        return sum;
    }
}
