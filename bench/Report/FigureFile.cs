using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pyco.Bench.Report;

/// <summary>The figures for a program.</summary>
internal static class FigureFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Write(string path, IEnumerable<Figure> figures, BenchOptions options)
    {
        JsonObject document = new()
        {
            ["time"] = DateTimeOffset.UtcNow.ToString("O"),
            ["system"] = RuntimeInformation.OSDescription,
            ["architecture"] = RuntimeInformation.OSArchitecture.ToString(),
            ["processors"] = Environment.ProcessorCount,
            ["rounds"] = options.Rounds,
            ["secondsPerRound"] = options.Seconds,
            ["hosts"] = options.Hosts,
            ["heldConnections"] = options.Connections,
            ["figures"] = new JsonArray([.. figures.Select(Describe)]),
        };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, document.ToJsonString(Indented) + "\n");
    }

    private static JsonObject Describe(Figure figure)
    {
        JsonObject values = [];
        foreach (Subject subject in Enum.GetValues<Subject>())
        {
            if (figure.Values(subject) is { Count: > 0 } rounds)
                values[Name(subject)] = Numbers(rounds);
        }
        return new JsonObject
        {
            ["name"] = figure.Name.Trim(),
            ["unit"] = figure.Unit,
            ["stolen"] = figure.Stolen,
            ["values"] = values,
            ["bars"] = new JsonArray([.. figure.Bars.Select(bar => Describe(figure, bar))]),
        };
    }

    private static JsonObject Describe(Figure figure, Bar bar) => new()
    {
        ["of"] = Name(bar.Of),
        ["against"] = bar.Against is { } against ? Name(against) : null,
        ["direction"] = bar.Direction == Direction.AtLeast ? "atLeast" : "atMost",
        ["limit"] = bar.Limit,
        ["stretch"] = bar.Stretch,
        ["values"] = Numbers(bar.ValuesOf(figure)),
        ["median"] = Figure.Median(bar.ValuesOf(figure)),
        ["met"] = bar.IsMetBy(figure),
        ["stretchReached"] = bar.IsStretchReachedBy(figure),
    };

    private static JsonArray Numbers(IEnumerable<double> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private static string Name(Subject subject) => JsonNamingPolicy.CamelCase.ConvertName(subject.ToString());
}
