using System.CommandLine;

namespace Pyco.Cli;

/// <summary>How help looks. The parsing library's own help takes no examples.</summary>
internal static class HelpLayout
{
    private const int Width = 90;
    private const int Column = 32;

    public static void Write(StringWriter text, Option option)
    {
        // An option whose name is a letter has no long form.
        string? shortName = option.Aliases.FirstOrDefault();
        string value = option.HelpName is { } name ? $" {name}" : "";
        Write(text, option.Name.StartsWith("--", StringComparison.Ordinal)
            ? $"{(shortName is null ? "    " : $"{shortName}, ")}{option.Name}{value}"
            : $"{option.Name}{value}", option.Description ?? "");
    }

    /// <summary>A word with its description beside it, broken between words.</summary>
    public static void Write(StringWriter text, string what, string description)
    {
        string head = $"  {what}";
        text.Write(head.Length < Column ? head.PadRight(Column) : $"{head}\n{new string(' ', Column)}");
        int column = Column;
        foreach (string word in description.Split(' '))
        {
            if (column + word.Length > Width)
            {
                text.WriteLine();
                text.Write(new string(' ', Column));
                column = Column;
            }
            text.Write(column == Column ? word : $" {word}");
            column += word.Length + 1;
        }
        text.WriteLine();
    }
}
