using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Pyco.Stack.Wire;

/// <summary>An Ethernet (EUI-48) address, kept in the low 48 bits.</summary>
public readonly record struct MacAddress
{
    public const int Length = 6;

    private readonly ulong _value;

    public MacAddress(ReadOnlySpan<byte> octets)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(octets.Length, Length);
        _value = (ulong)BinaryPrimitives.ReadUInt16BigEndian(octets) << 32 | BinaryPrimitives.ReadUInt32BigEndian(octets[2..]);
    }

    private MacAddress(ulong value) => _value = value;

    public static MacAddress Broadcast { get; } = new([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

    /// <summary>The group bit: broadcast and multicast addresses have it.</summary>
    public bool IsGroup => (_value >> 40 & 1) != 0;

    /// <summary>The address whose number, read as one big-endian integer, is in the low 48 bits.</summary>
    internal static MacAddress FromUInt64(ulong value) => new(value & 0xffff_ffff_ffff);

    internal ulong ToUInt64() => _value;

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(_value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)_value);
    }

    /// <summary>Reads <c>02:00:0a:28:00:20</c> or the same with dashes.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress address)
    {
        address = default;
        string[] parts = text?.Split(':', '-') ?? [];
        if (parts.Length != Length)
            return false;
        Span<byte> octets = stackalloc byte[Length];
        for (int index = 0; index < Length; index++)
        {
            if (parts[index].Length is 0 or > 2 ||
                !byte.TryParse(parts[index], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out octets[index]))
                return false;
        }
        address = new MacAddress(octets);
        return true;
    }

    public override string ToString()
    {
        Span<byte> octets = stackalloc byte[Length];
        CopyTo(octets);
        return $"{octets[0]:x2}:{octets[1]:x2}:{octets[2]:x2}:{octets[3]:x2}:{octets[4]:x2}:{octets[5]:x2}";
    }
}
