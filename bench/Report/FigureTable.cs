using System.Globalization;
using Spectre.Console;

namespace Pyco.Bench.Report;

/// <summary>The figures for a person.</summary>
internal static class FigureTable
{
    /// <summary>Wide enough that no column is broken when the output is a file.</summary>
    private const int WidthOfFile = 120;

    public static void Write(IEnumerable<Figure> figures)
    {
        IAnsiConsole console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
            console.Profile.Width = WidthOfFile;
        Table table = new() { Border = TableBorder.Minimal };
        table.AddColumn("measure (medians)");
        foreach (string column in (string[])["ours", "kernel TAP"])
            table.AddColumn(new TableColumn(column).RightAligned());
        table.AddColumn("unit");
        table.AddColumn(new TableColumn("ratio (range)").RightAligned());
        table.AddColumn(new TableColumn("bar").RightAligned());
        table.AddColumn("");
        foreach (Figure figure in figures)
        {
            table.AddRow(
                figure.Name, Number(Figure.Median(figure.Ours)), Number(Figure.Median(figure.Kernel)), figure.Unit,
                Ratio(figure), figure.Bar?.ToString() ?? "", Verdict(figure));
        }
        console.Write(table);
    }

    private static string Ratio(Figure figure) => figure.Ratio is not { } ratio
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{ratio:0.00} ({figure.Ratios.Min():0.00}–{figure.Ratios.Max():0.00})");

    private static string Verdict(Figure figure) => figure.Bar?.IsMetBy(figure) switch
    {
        true => "[green]met[/]",
        false => "[red]missed[/]",
        null => figure.Bar is null ? "" : "not compared",
    };

    private static string Number(double? value) => value is not { } number
        ? ""
        : number.ToString(Math.Abs(number) >= 1000 ? "0" : "0.###", CultureInfo.InvariantCulture);
}
