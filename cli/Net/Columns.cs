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

    /// <summary>The columns that are left out where each row has a dash in them.</summary>
    public IReadOnlySet<string> Optional { get; init; } = new HashSet<string>();

    public void Add(params string[] row) => _rows.Add(row);

    public override string ToString()
    {
        int[] shown = [.. Enumerable.Range(0, header.Length).Where(IsShown)];
        int[] widths = [.. header.Select((_, column) => _rows.Max(row => row[column].Length))];
        StringBuilder text = new();
        foreach (string[] row in _rows)
        {
            string line = string.Join("  ", shown.Select(column =>
                Numbers.Contains(header[column]) ? row[column].PadLeft(widths[column]) : row[column].PadRight(widths[column])));
            text.Append(line.TrimEnd()).Append('\n');
        }
        return text.ToString();
    }

    private bool IsShown(int column) => !Optional.Contains(header[column]) || _rows.Skip(1).Any(row => row[column] != "-");
}
