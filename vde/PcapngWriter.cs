using System.Buffers.Binary;
using System.Text;
using Pyco.Posix;
using Pyco.Stack.Wire;

namespace Pyco.Vde;

/// <summary>Which way a captured frame went, as epb_flags has it.</summary>
public enum FrameDirection
{
    /// <summary>From the wire.</summary>
    Inbound = 1,

    /// <summary>To the wire.</summary>
    Outbound = 2,
}

/// <summary>What a capture says about an interface that it was taken from.</summary>
/// <param name="Name">if_name.</param>
/// <param name="Mac">if_MACaddr, or null if it is not known.</param>
/// <param name="Addresses">if_IPv4addr, and a comment.</param>
/// <param name="Description">if_description.</param>
/// <param name="SnapLength">How many octets of a frame are kept, or 0 for all.</param>
public sealed record CapturedInterface(
    string Name, MacAddress? Mac, IReadOnlyList<IpPrefix> Addresses, string Description, int SnapLength = 0);

/// <summary>
/// The blocks of a pcapng file (draft-ietf-opsawg-pcapng) with Ethernet interfaces and timestamps in nanoseconds, in
/// little-endian. It writes into a buffer of the caller's.
/// </summary>
internal static class PcapngWriter
{
    public const uint InterfaceDescription = 1;
    public const uint InterfaceStatistics = 5;
    public const uint EnhancedPacket = 6;

    private const uint SectionHeader = 0x0a0d0d0a;
    private const uint ByteOrderMagic = 0x1a2b3c4d;
    private const ushort LinkTypeEthernet = 1;
    private const byte NanosecondResolution = 9;

    private const ushort OptionEnd = 0;
    private const ushort OptionComment = 1;
    private const ushort SectionApplication = 4;
    private const ushort InterfaceName = 2;
    private const ushort InterfaceDescriptionText = 3;
    private const ushort InterfaceIpv4 = 4;
    private const ushort InterfaceMac = 6;
    private const ushort InterfaceResolution = 9;
    private const ushort PacketFlags = 2;
    private const ushort StatisticsReceived = 4;
    private const ushort StatisticsDropped = 7;

    /// <summary>What a packet block adds to its frame, with up to 3 octets of padding.</summary>
    public const int PacketOverhead = 32 + 8 + 4 + 3;

    /// <summary>The block that begins a file.</summary>
    public static byte[] Section(string application)
    {
        Blocks blocks = new();
        blocks.Begin(SectionHeader);
        blocks.Add(ByteOrderMagic);
        blocks.Add((ushort)1); // version 1.0
        blocks.Add((ushort)0);
        blocks.Add(ulong.MaxValue); // the section's length is not known: it grows
        blocks.AddOption(SectionApplication, Encoding.UTF8.GetBytes(application));
        blocks.End();
        return blocks.ToArray();
    }

    /// <summary>The block that describes an interface; the first one in a file is number 0, the next 1.</summary>
    public static byte[] Interface(CapturedInterface described)
    {
        Blocks blocks = new();
        blocks.Begin(InterfaceDescription);
        blocks.Add(LinkTypeEthernet);
        blocks.Add((ushort)0);
        blocks.Add((uint)described.SnapLength);
        blocks.AddOption(InterfaceName, Encoding.UTF8.GetBytes(described.Name));
        blocks.AddOption(InterfaceDescriptionText, Encoding.UTF8.GetBytes(described.Description));
        if (described.Addresses.Count > 0)
            blocks.AddOption(OptionComment, Encoding.UTF8.GetBytes($"host {string.Join(", ", described.Addresses)}, {described.Mac}"));
        foreach (IpPrefix address in described.Addresses)
            AddAddress(blocks, address);
        if (described.Mac is { } known)
        {
            Span<byte> mac = stackalloc byte[MacAddress.Length];
            known.CopyTo(mac);
            blocks.AddOption(InterfaceMac, mac);
        }
        blocks.AddOption(InterfaceResolution, [NanosecondResolution]);
        blocks.End();
        return blocks.ToArray();
    }

    /// <summary>Writes one frame.</summary>
    /// <param name="destination">At least the kept length and <see cref="PacketOverhead"/>.</param>
    /// <param name="interfaceId">The interface's number in the file.</param>
    /// <param name="nanoseconds">Since 1970, UTC.</param>
    /// <param name="direction">Which way it went.</param>
    /// <param name="frame">From the destination address on, without FCS.</param>
    /// <param name="kept">How many octets of it are written.</param>
    /// <returns>The block's length in octets.</returns>
    public static int WritePacket(
        Span<byte> destination, int interfaceId, ulong nanoseconds, FrameDirection direction, ReadOnlySpan<byte> frame, int kept)
    {
        int padded = (kept + 3) & ~3;
        int length = 28 + padded + 12 + sizeof(uint);
        Span<byte> block = destination[..length];
        BinaryPrimitives.WriteUInt32LittleEndian(block, EnhancedPacket);
        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], (uint)length);
        BinaryPrimitives.WriteUInt32LittleEndian(block[8..], (uint)interfaceId);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], (uint)(nanoseconds >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(block[16..], (uint)nanoseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(block[20..], (uint)kept);
        BinaryPrimitives.WriteUInt32LittleEndian(block[24..], (uint)frame.Length);
        frame[..kept].CopyTo(block[28..]);
        block[(28 + kept)..(28 + padded)].Clear();
        Span<byte> options = block[(28 + padded)..];
        BinaryPrimitives.WriteUInt16LittleEndian(options, PacketFlags);
        BinaryPrimitives.WriteUInt16LittleEndian(options[2..], sizeof(uint));
        BinaryPrimitives.WriteUInt32LittleEndian(options[4..], (uint)direction);
        BinaryPrimitives.WriteUInt32LittleEndian(options[8..], OptionEnd);
        BinaryPrimitives.WriteUInt32LittleEndian(options[12..], (uint)length);
        return length;
    }

    /// <summary>The block that ends an interface: how many frames there were, and how many of them the file lacks.</summary>
    public static byte[] Statistics(int interfaceId, ulong nanoseconds, ulong seen, ulong dropped)
    {
        Blocks blocks = new();
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        blocks.Begin(InterfaceStatistics);
        blocks.Add((uint)interfaceId);
        blocks.Add((uint)(nanoseconds >> 32));
        blocks.Add((uint)nanoseconds);
        BinaryPrimitives.WriteUInt64LittleEndian(number, seen);
        blocks.AddOption(StatisticsReceived, number);
        BinaryPrimitives.WriteUInt64LittleEndian(number, dropped);
        blocks.AddOption(StatisticsDropped, number);
        blocks.End();
        return blocks.ToArray();
    }

    /// <summary>How many frames are missing, as a block of <see cref="Statistics"/> has it in its last option.</summary>
    public static ulong ReadDropped(ReadOnlySpan<byte> block) =>
        BinaryPrimitives.ReadUInt64LittleEndian(block[^(sizeof(ulong) + (2 * sizeof(uint)))..]);

    /// <summary>The moment as the blocks have it: nanoseconds since 1970, UTC.</summary>
    public static unsafe ulong Now()
    {
        const int realtime = 0;
        TimeSpec now;
        _ = Processes.clock_gettime(realtime, &now);
        return ((ulong)now.Seconds * 1_000_000_000) + (ulong)now.Nanoseconds;
    }

    private static void AddAddress(Blocks blocks, IpPrefix address)
    {
        Span<byte> value = stackalloc byte[2 * IpAddress.LengthV4];
        address.Address.WriteV4(value);
        BinaryPrimitives.WriteUInt32BigEndian(value[IpAddress.LengthV4..], uint.MaxValue << (32 - address.Length));
        blocks.AddOption(InterfaceIpv4, value);
    }

    /// <summary>Blocks that are written once, so plainness comes before speed.</summary>
    private sealed class Blocks
    {
        private readonly List<byte> _octets = [];
        private int _start;

        public void Begin(uint type)
        {
            _start = _octets.Count;
            Add(type);
            Add(0u);
        }

        public void Add(ushort value) => _octets.AddRange((byte)value, (byte)(value >> 8));

        public void Add(uint value)
        {
            Add((ushort)value);
            Add((ushort)(value >> 16));
        }

        public void Add(ulong value)
        {
            Add((uint)value);
            Add((uint)(value >> 32));
        }

        public void AddOption(ushort code, ReadOnlySpan<byte> value)
        {
            Add(code);
            Add((ushort)value.Length);
            _octets.AddRange(value);
            while (_octets.Count % sizeof(uint) != 0)
                _octets.Add(0);
        }

        public void End()
        {
            Add((uint)OptionEnd);
            uint length = (uint)(_octets.Count - _start + sizeof(uint));
            Add(length);
            Span<byte> octets = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_octets);
            BinaryPrimitives.WriteUInt32LittleEndian(octets[(_start + sizeof(uint))..], length);
        }

        public byte[] ToArray() => [.. _octets];
    }
}
