using System.Globalization;
using System.Text.RegularExpressions;
using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Testing;

/// <summary>
/// A TCP segment as tcpdump and packetdrill write it: <c>S. 0:0(0) ack 1 win 65535 &lt;mss 1460,sackOK&gt;</c>,
/// <c>U. 1:4(3) ack 1 urg 3</c>. Sequence numbers count from the sender's ISS, acknowledgements and SACK blocks from the receiver's.
/// </summary>
/// <remarks>
/// As an expectation it says only what matters: flags left out mean neither SYN, FIN, RST nor URG, whatever PSH and ECN may
/// be; a window left out means any; of the options only those named are compared, and <c>*</c> stands for any word.
/// </remarks>
internal sealed partial record TraceSegment(string Flags, long Seq, int Length)
{
    public long? Ack { get; init; }

    public int? Window { get; init; }

    /// <summary>The urgent pointer, as it is in the header.</summary>
    public int Urgent { get; init; }

    public IReadOnlyList<string> Options { get; init; } = [];

    /// <exception cref="FormatException">The text is not a segment.</exception>
    public static TraceSegment Parse(string text)
    {
        Match match = Notation().Match(text);
        if (!match.Success)
            throw new FormatException($"'{text}' is not a segment like 'S. 0:0(0) ack 1 win 100 <mss 1460>'");
        int length = Number(match, "length");
        if (Number(match, "end") != Number(match, "seq") + length)
            throw new FormatException($"'{text}': the end is not the start and the length");
        string options = match.Groups["options"].Value;
        return new TraceSegment(match.Groups["flags"].Value, Number(match, "seq"), length)
        {
            Ack = match.Groups["ack"].Success ? Number(match, "ack") : null,
            Window = match.Groups["win"].Success ? Number(match, "win") : null,
            Urgent = match.Groups["urg"].Success ? Number(match, "urg") : 0,
            Options = options.Length == 0 ? [] : options.Split(',', StringSplitOptions.TrimEntries),
        };
    }

    /// <summary>Reads what is on the wire.</summary>
    public static TraceSegment Read(in TcpHeader header, SequenceNumber senderIss, SequenceNumber receiverIss) =>
        new(FlagLetters(header.Flags), header.Seq - senderIss, header.Payload.Length)
        {
            Ack = (header.Flags & TcpFlags.Ack) != 0 ? header.Ack - receiverIss : null,
            Window = header.Window,
            Urgent = header.UrgentPointer,
            Options = ReadOptions(header.Options, receiverIss),
        };

    public bool Matches(TraceSegment actual) =>
        Significant(actual) == Significant(this) &&
        actual.Seq == Seq && actual.Length == Length && actual.Ack == Ack && actual.Urgent == Urgent &&
        (Window is null || actual.Window == Window) &&
        Options.All(wanted => actual.Options.Any(option => OptionMatches(wanted, option)));

    /// <summary>Writes header, options and payload, whose checksum is still to be filled in.</summary>
    public byte[] Write(
        ushort sourcePort, ushort destinationPort, SequenceNumber senderIss, SequenceNumber receiverIss, ReadOnlySpan<byte> payload)
    {
        Span<byte> options = stackalloc byte[TcpOptionsWriter.Capacity];
        TcpOptionsWriter writer = new(options);
        foreach (string option in Options)
            WriteOption(ref writer, option.Split(' '), receiverIss);
        int headerLength = TcpHeader.MinLength + writer.Finish();
        byte[] octets = new byte[headerLength + payload.Length];
        options[..writer.Length].CopyTo(octets.AsSpan(TcpHeader.MinLength));
        payload.CopyTo(octets.AsSpan(headerLength));
        TcpFlags flags = ReadFlags(Flags) | (Ack is null ? TcpFlags.None : TcpFlags.Ack);
        SequenceNumber ack = Ack is { } number ? receiverIss + (int)number : default;
        TcpHeader.Write(
            octets,
            sourcePort,
            destinationPort,
            senderIss + (int)Seq,
            ack,
            headerLength,
            flags,
            (ushort)(Window ?? 65535),
            (ushort)Urgent);
        return octets;
    }

    public override string ToString()
    {
        string text = $"{Flags} {Seq}:{Seq + Length}({Length})";
        if (Ack is { } ack)
            text += $" ack {ack}";
        if (Window is { } window)
            text += $" win {window}";
        if (Urgent != 0)
            text += $" urg {Urgent}";
        return Options.Count == 0 ? text.TrimStart() : $"{text.TrimStart()} <{string.Join(',', Options)}>";
    }

    private static int Number(Match match, string group) =>
        int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    private static string Significant(TraceSegment segment) => string.Concat(segment.Flags.Where("SFRU".Contains));

    private static string FlagLetters(TcpFlags flags)
    {
        string letters = "";
        foreach ((TcpFlags flag, char letter) in Letters)
        {
            if ((flags & flag) != 0)
                letters += letter;
        }
        return letters;
    }

    private static TcpFlags ReadFlags(string letters) => Letters
        .Where(pair => letters.Contains(pair.Letter, StringComparison.Ordinal))
        .Aggregate(TcpFlags.None, (flags, pair) => flags | pair.Flag);

    private static readonly (TcpFlags Flag, char Letter)[] Letters =
    [
        (TcpFlags.Syn, 'S'), (TcpFlags.Fin, 'F'), (TcpFlags.Rst, 'R'), (TcpFlags.Psh, 'P'), (TcpFlags.Urg, 'U'),
        (TcpFlags.Ece, 'E'), (TcpFlags.Cwr, 'W'), (TcpFlags.Ack, '.'),
    ];

    private static List<string> ReadOptions(ReadOnlySpan<byte> octets, SequenceNumber receiverIss)
    {
        List<string> list = [];
        Assert.That(TcpOptions.TryParse(octets, out TcpOptions options), "malformed options");
        if (options.Mss is { } mss)
            list.Add($"mss {mss}");
        if (options.SackPermitted)
            list.Add("sackOK");
        if (options.Timestamp is { } timestamp)
            list.Add($"TS val {timestamp.Value} ecr {timestamp.Echo}");
        if (options.WindowScale is { } scale)
            list.Add($"wscale {scale}");
        if (options.SackCount > 0)
        {
            string blocks = "sack";
            foreach (SackBlock block in options.SackBlocks)
                blocks += $" {block.Start - receiverIss}:{block.End - receiverIss}";
            list.Add(blocks);
        }
        return list;
    }

    private static void WriteOption(ref TcpOptionsWriter writer, string[] words, SequenceNumber receiverIss)
    {
        switch (words[0])
        {
            case "mss":
                writer.MaxSegmentSize(ushort.Parse(words[1], CultureInfo.InvariantCulture));
                break;
            case "sackOK":
                writer.SackPermitted();
                break;
            case "wscale":
                writer.WindowScale(byte.Parse(words[1], CultureInfo.InvariantCulture));
                break;
            case "TS":
                writer.Timestamp(
                    uint.Parse(words[2], CultureInfo.InvariantCulture), uint.Parse(words[4], CultureInfo.InvariantCulture));
                break;
            case "sack":
                writer.Sack([.. words.Skip(1).Select(edges => ReadBlock(edges.Split(':'), receiverIss))]);
                break;
            default:
                throw new FormatException($"unknown option '{words[0]}'");
        }
    }

    private static SackBlock ReadBlock(string[] edges, SequenceNumber iss) => new(
        iss + int.Parse(edges[0], CultureInfo.InvariantCulture), iss + int.Parse(edges[1], CultureInfo.InvariantCulture));

    private static bool OptionMatches(string wanted, string actual)
    {
        string[] words = wanted.Split(' ');
        string[] actualWords = actual.Split(' ');
        return words.Length == actualWords.Length &&
            words.Zip(actualWords).All(pair => pair.First == "*" || pair.First == pair.Second);
    }

    [GeneratedRegex(@"^((?<flags>[SFRPUEW.]+) )?(?<seq>-?\d+):(?<end>-?\d+)\((?<length>\d+)\)( ack (?<ack>-?\d+))?( win (?<win>\d+))?( urg (?<urg>\d+))?( <(?<options>[^>]*)>)?$")]
    private static partial Regex Notation();
}
