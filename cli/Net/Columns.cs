using System.Globalization;
using System.Text;

namespace Pyco.Cli.Net;

/// <summary>A table for people and for awk: columns that are as wide as what is in them, two blanks between.</summary>
internal sealed class Columns(params string[] header)
{
    private readonly List<string[]> _rows = [header];

    /// <summary>The columns of numbers, which end below each other.</summary>
    public IReadOnlySet<string> Numbers { get; init; } = new HashSet<string>();

    /// <summary>A number with what it counts.</summary>
    public static string Count(long number, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");

    public void Add(params string[] row) => _rows.Add(row);

    public override string ToString()
    {
        int[] widths = [.. header.Select((_, column) => _rows.Max(row => row[column].Length))];
        StringBuilder text = new();
        foreach (string[] row in _rows)
        {
            string line = string.Join("  ", row.Select((cell, column) =>
                Numbers.Contains(header[column]) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column])));
            text.Append(line.TrimEnd()).Append('\n');
        }
        return text.ToString();
    }
}
