using System.Text;

namespace Pyco.Host.Control;

/// <summary>
/// What pyco-run and pyco-net ask of a network, and pyco-run of a stack host: a verb in the first line, <c>name=value</c> lines behind it, and an empty
/// line at the end. The answer is <c>ok</c> or <c>error TEXT</c> in a line, then what was asked for.
/// </summary>
/// <param name="Verb">What to do.</param>
/// <param name="Text">The lines behind it.</param>
internal sealed record ControlRequest(string Verb, string Text)
{
    /// <summary>Longer ones are refused.</summary>
    public const int Capacity = 64 * 1024;

    public const string Ok = "ok";

    public const string Error = "error ";

    private static readonly byte[] End = "\n\n"u8.ToArray();

    /// <summary>Whether all of a request has come.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> octets) => octets.EndsWith(End);

    public static ControlRequest Read(ReadOnlySpan<byte> octets)
    {
        string text = Encoding.UTF8.GetString(octets[..^1]);
        int line = text.IndexOf('\n', StringComparison.Ordinal);
        return new ControlRequest(text[..line], text[(line + 1)..]);
    }

    /// <summary>The value of a line, or null.</summary>
    public string? Get(string name)
    {
        foreach (string line in Text.Split('\n'))
        {
            if (line.Length > name.Length && line[name.Length] == '=' && line.StartsWith(name, StringComparison.Ordinal))
                return line[(name.Length + 1)..];
        }
        return null;
    }

    public byte[] ToOctets() => Encoding.UTF8.GetBytes($"{Verb}\n{Text}{(Text.Length == 0 || Text.EndsWith('\n') ? "" : "\n")}\n");
}
