using System.Globalization;
using Spectre.Console;

namespace Pyco.Bench.Report;

/// <summary>The figures for a person: what was measured, then how it compares.</summary>
internal static class FigureTable
{
    /// <summary>Wide enough that no column is broken when the output is a file.</summary>
    private const int WidthOfFile = 132;

    private static readonly (Subject Subject, string Heading)[] Columns =
    [
        (Subject.Own, "own network"), (Subject.Stock, "stock switch"), (Subject.Veth, "kernel veth"), (Subject.Tap, "kernel TAP"),
        (Subject.Raw, "raw frames"),
    ];

    public static void Write(IReadOnlyList<Figure> figures)
    {
        IAnsiConsole console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
            console.Profile.Width = WidthOfFile;
        console.Write(Values(figures));
        console.Write(Bars(figures));
    }

    private static Table Values(IReadOnlyList<Figure> figures)
    {
        Table table = new() { Border = TableBorder.Minimal };
        table.AddColumn("measure (medians)");
        (Subject Subject, string Heading)[] columns =
            [.. Columns.Where(column => figures.Any(figure => figure.Values(column.Subject).Count > 0))];
        foreach ((_, string heading) in columns)
            table.AddColumn(new TableColumn(heading).RightAligned());
        table.AddColumn("unit");
        table.AddColumn(new TableColumn("stolen").RightAligned());
        foreach (Figure figure in figures)
        {
            table.AddRow(
            [
                figure.Name, .. columns.Select(column => Number(Figure.Median(figure.Values(column.Subject)))), figure.Unit,
                Stolen(figure.Stolen),
            ]);
        }
        return table;
    }

    private static Table Bars(IReadOnlyList<Figure> figures)
    {
        Table table = new() { Border = TableBorder.Minimal };
        table.AddColumn("comparison");
        table.AddColumn("of");
        foreach (string heading in (string[])["median (range)", "bar", "stretch"])
            table.AddColumn(new TableColumn(heading).RightAligned());
        table.AddColumn("");
        foreach (Figure figure in figures)
        {
            foreach (Bar bar in figure.Bars)
            {
                table.AddRow(
                    figure.Name, bar.Comparison, Range([.. bar.ValuesOf(figure)]), bar.Describe(bar.Limit),
                    bar.Describe(bar.Stretch), Verdict(figure, bar));
            }
        }
        return table;
    }

    private static string Range(double[] values) => values.Length == 0
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{Figure.Median(values):0.00} ({values.Min():0.00}–{values.Max():0.00})");

    private static string Verdict(Figure figure, Bar bar) => bar.IsMetBy(figure) switch
    {
        true when bar.IsStretchReachedBy(figure) == true => "[green]stretch[/]",
        true => "[green]met[/]",
        false => "[red]missed[/]",
        null => bar.Limit is null ? "" : "not measured",
    };

    private static string Stolen(double? share) =>
        share is not { } stolen ? "" : string.Create(CultureInfo.InvariantCulture, $"≤ {100 * stolen:0} %");

    private static string Number(double? value) => value is not { } number
        ? ""
        : number.ToString(Math.Abs(number) >= 1000 ? "0" : "0.###", CultureInfo.InvariantCulture);
}
