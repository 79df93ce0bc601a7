using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>The option kinds that this stack reads and writes.</summary>
internal enum TcpOptionKind : byte
{
    EndOfList = 0,
    NoOperation = 1,
    MaxSegmentSize = 2,
    WindowScale = 3,
    SackPermitted = 4,
    Sack = 5,
    Timestamp = 8,
}

/// <summary>Octets from <paramref name="Start"/> up to and without <paramref name="End"/> (RFC 2018 §3).</summary>
internal readonly record struct SackBlock(SequenceNumber Start, SequenceNumber End)
{
    public int Length => End - Start;
}

/// <summary>RFC 7323 §3.2: TSval and TSecr.</summary>
internal readonly record struct TcpTimestamp(uint Value, uint Echo);

/// <summary>Room for as many SACK blocks as 40 octets of options can hold.</summary>
[InlineArray(TcpOptions.MaxSackBlocks)]
internal struct SackBlockArray
{
    private SackBlock _first;
}

/// <summary>
/// The options of one received segment. Like Linux (tcp_parse_options), an option with a wrong length is passed over,
/// and one that runs beyond the header ends the reading: what stood before it counts.
/// </summary>
internal readonly struct TcpOptions
{
    public const int MaxSackBlocks = 4;

    /// <summary>RFC 7323 §2.3: a larger shift count is taken as 14.</summary>
    public const byte MaxWindowScale = 14;

    private readonly SackBlockArray _sackBlocks;

    private TcpOptions(
        ushort? mss, byte? windowScale, bool sackPermitted, TcpTimestamp? timestamp, int sackCount, in SackBlockArray blocks)
    {
        Mss = mss;
        WindowScale = windowScale;
        SackPermitted = sackPermitted;
        Timestamp = timestamp;
        SackCount = sackCount;
        _sackBlocks = blocks;
    }

    private TcpOptions(TcpTimestamp timestamp) => Timestamp = timestamp;

    /// <summary>RFC 9293 §3.7.1; zero counts as absent.</summary>
    public ushort? Mss { get; }

    /// <summary>RFC 7323 §2.2: the shift count, at most 14.</summary>
    public byte? WindowScale { get; }

    /// <summary>RFC 2018 §2.</summary>
    public bool SackPermitted { get; }

    public TcpTimestamp? Timestamp { get; }

    public int SackCount { get; }

    /// <summary>The blocks in the order of the wire, unchecked against any window.</summary>
    [UnscopedRef]
    public ReadOnlySpan<SackBlock> SackBlocks => ((ReadOnlySpan<SackBlock>)_sackBlocks)[..SackCount];

    /// <summary>Reads the octets between the fixed header and the payload.</summary>
    /// <returns>False if the list is malformed; <paramref name="options"/> has what stood before the fault.</returns>
    public static bool TryParse(ReadOnlySpan<byte> octets, out TcpOptions options)
    {
        if (octets.Length == TcpOptionsWriter.TimestampLength &&
            BinaryPrimitives.ReadUInt32BigEndian(octets) == TcpOptionsWriter.TimestampPrefix)
        {
            // What nearly every segment carries, laid out as RFC 7323 appendix A recommends.
            options = new(ReadTimestamp(octets[4..]));
            return true;
        }
        return TryParseAny(octets, out options);
    }

    private static bool TryParseAny(ReadOnlySpan<byte> octets, out TcpOptions options)
    {
        ushort? mss = null;
        byte? windowScale = null;
        bool sackPermitted = false;
        TcpTimestamp? timestamp = null;
        SackBlockArray blocks = default;
        int sackCount = 0;
        bool wellFormed = true;
        while (octets.Length > 0)
        {
            TcpOptionKind kind = (TcpOptionKind)octets[0];
            if (kind == TcpOptionKind.EndOfList)
                break;
            if (kind == TcpOptionKind.NoOperation)
            {
                octets = octets[1..];
                continue;
            }
            if (octets.Length < 2 || octets[1] < 2 || octets[1] > octets.Length)
            {
                wellFormed = false;
                break;
            }
            ReadOnlySpan<byte> value = octets[2..octets[1]];
            switch (kind)
            {
                case TcpOptionKind.MaxSegmentSize when value.Length == 2:
                    ushort size = BinaryPrimitives.ReadUInt16BigEndian(value);
                    mss = size == 0 ? null : size;
                    break;
                case TcpOptionKind.WindowScale when value.Length == 1:
                    windowScale = Math.Min(value[0], MaxWindowScale);
                    break;
                case TcpOptionKind.SackPermitted when value.Length == 0:
                    sackPermitted = true;
                    break;
                case TcpOptionKind.Timestamp when value.Length == 8:
                    timestamp = ReadTimestamp(value);
                    break;
                case TcpOptionKind.Sack when value.Length is > 0 and <= 8 * MaxSackBlocks && value.Length % 8 == 0:
                    sackCount = ReadSackBlocks(value, ref blocks);
                    break;
                default:
                    break; // unknown, or of a length that it cannot have: passed over
            }
            octets = octets[octets[1]..];
        }
        options = new(mss, windowScale, sackPermitted, timestamp, sackCount, blocks);
        return wellFormed;
    }

    private static TcpTimestamp ReadTimestamp(ReadOnlySpan<byte> value) =>
        new(BinaryPrimitives.ReadUInt32BigEndian(value), BinaryPrimitives.ReadUInt32BigEndian(value[4..]));

    private static int ReadSackBlocks(ReadOnlySpan<byte> value, ref SackBlockArray blocks)
    {
        int count = value.Length / 8;
        for (int index = 0; index < count; index++)
        {
            ReadOnlySpan<byte> edges = value[(8 * index)..];
            blocks[index] = new(
                new(BinaryPrimitives.ReadUInt32BigEndian(edges)), new(BinaryPrimitives.ReadUInt32BigEndian(edges[4..])));
        }
        return count;
    }
}
