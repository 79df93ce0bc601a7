using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Pyco.Stack.Wire;

/// <summary>
/// An IPv4 or IPv6 address in 128 bits; IPv4 is kept in its IPv4-mapped form (RFC 4291 §2.5.5.2), so one table and one
/// comparison serve both, and AF_INET6 sockets with IPv4 peers need no conversion.
/// </summary>
public readonly record struct IpAddress(UInt128 Value)
{
    public const int LengthV4 = 4;
    public const int LengthV6 = 16;

    private static readonly UInt128 MappedPrefix = (UInt128)0xffff << 32;

    /// <summary>0.0.0.0, which a socket bound to every IPv4 address shows.</summary>
    public static IpAddress AnyV4 { get; } = FromV4(0);

    /// <summary>::, which a dual-stack socket bound to every address shows.</summary>
    public static IpAddress AnyV6 { get; }

    public static IpAddress LoopbackV4 { get; } = FromV4(0x7f000001);

    public static IpAddress BroadcastV4 { get; } = FromV4(0xffffffff);

    public bool IsV4 => Value >> 32 == 0xffff;

    public bool IsAny => Value == 0 || Value == MappedPrefix;

    /// <summary>127.0.0.0/8 (RFC 1122 §3.2.1.3) or ::1.</summary>
    public bool IsLoopback => IsV4 ? V4 >> 24 == 127 : Value == 1;

    /// <summary>224.0.0.0/4 or ff00::/8.</summary>
    public bool IsMulticast => IsV4 ? V4 >> 28 == 0xe : Value >> 120 == 0xff;

    /// <summary>An IPv4 address that one host may have: none of 0.0.0.0/8, loopback, multicast and above (RFC 1122 §3.2.1.3).</summary>
    public bool CanBeOfHost => IsV4 && V4 >> 24 != 0 && !IsLoopback && V4 >> 28 < 0xe;

    /// <summary>The limited broadcast address 255.255.255.255.</summary>
    public bool IsLimitedBroadcast => this == BroadcastV4;

    /// <summary>The four octets of an IPv4 address as a number, most significant first.</summary>
    public uint V4 => (uint)Value;

    public static IpAddress FromV4(uint value) => new(MappedPrefix | value);

    /// <summary>Reads 4 or 16 octets in network order.</summary>
    public static IpAddress Read(ReadOnlySpan<byte> octets) => octets.Length == LengthV4
        ? FromV4(BinaryPrimitives.ReadUInt32BigEndian(octets))
        : new(BinaryPrimitives.ReadUInt128BigEndian(octets));

    public void WriteV4(Span<byte> destination) => BinaryPrimitives.WriteUInt32BigEndian(destination, V4);

    public void WriteV6(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public static bool TryParse([NotNullWhen(true)] string? text, out IpAddress address)
    {
        address = default;
        // IPAddress also takes "10.1", "0x0a280020" and the octal "010.40.0.1"; a typing error there would become another
        // host. Only the plain form is written as it was read.
        if (!IPAddress.TryParse(text, out IPAddress? parsed) ||
            (parsed.AddressFamily == AddressFamily.InterNetwork && parsed.ToString() != text))
            return false;
        address = Read(parsed.GetAddressBytes());
        return true;
    }

    /// <summary>Reads an address that the caller knows to be well formed.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static IpAddress Parse(string text) =>
        TryParse(text, out IpAddress address) ? address : throw new FormatException($"'{text}' is not an IP address");

    public override string ToString()
    {
        Span<byte> octets = stackalloc byte[LengthV6];
        WriteV6(octets);
        return new IPAddress(IsV4 ? octets[12..] : octets).ToString();
    }
}

/// <summary>An address and a port in host order.</summary>
public readonly record struct IpEndpoint(IpAddress Address, ushort Port)
{
    public override string ToString() => Address.IsV4 ? $"{Address}:{Port}" : $"[{Address}]:{Port}";
}

/// <summary>An address block such as 10.40.0.0/24. <paramref name="Length"/> counts within the address's own family.</summary>
public readonly record struct IpPrefix(IpAddress Address, int Length)
{
    private UInt128 Mask
    {
        get
        {
            int bits = Address.IsV4 ? 96 + Length : Length;
            return bits == 0 ? 0 : UInt128.MaxValue << (128 - bits);
        }
    }

    public bool Contains(IpAddress other) =>
        other.IsV4 == Address.IsV4 && ((other.Value ^ Address.Value) & Mask) == 0;

    /// <summary>The block's own address, all host bits zero.</summary>
    public IpAddress Network => new(Address.Value & Mask);

    /// <summary>The IPv4 subnet's directed broadcast address; a /31 or /32 has none (RFC 3021).</summary>
    public IpAddress? DirectedBroadcast => Address.IsV4 && Length <= 30 ? new IpAddress(Address.Value | ~Mask) : null;

    /// <summary>Reads <c>10.40.0.32/24</c>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpPrefix prefix)
    {
        prefix = default;
        int slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash < 0 ||
            !IpAddress.TryParse(text![..slash], out IpAddress address) ||
            !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length) ||
            length > (address.IsV4 ? 32 : 128))
            return false;
        prefix = new IpPrefix(address, length);
        return true;
    }

    /// <summary>Reads a prefix that the caller knows to be well formed.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static IpPrefix Parse(string text) =>
        TryParse(text, out IpPrefix prefix) ? prefix : throw new FormatException($"'{text}' is not an address with its length");

    public override string ToString() => $"{Address}/{Length}";
}
