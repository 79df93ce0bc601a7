using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pyco.Bench.Report;

/// <summary>The figures for a program.</summary>
internal static class FigureFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Write(string path, IEnumerable<Figure> figures, Laboratory laboratory)
    {
        JsonObject document = new()
        {
            ["time"] = DateTimeOffset.UtcNow.ToString("O"),
            ["system"] = RuntimeInformation.OSDescription,
            ["architecture"] = RuntimeInformation.OSArchitecture.ToString(),
            ["processors"] = Environment.ProcessorCount,
            ["rounds"] = laboratory.Rounds,
            ["secondsPerRound"] = laboratory.Seconds,
            ["figures"] = new JsonArray([.. figures.Select(Describe)]),
        };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, document.ToJsonString(Indented) + "\n");
    }

    private static JsonObject Describe(Figure figure) => new()
    {
        ["name"] = figure.Name.Trim(),
        ["unit"] = figure.Unit,
        ["ours"] = new JsonArray([.. figure.Ours.Select(value => JsonValue.Create(value))]),
        ["kernelTap"] = new JsonArray([.. figure.Kernel.Select(value => JsonValue.Create(value))]),
        ["ratio"] = figure.Ratio,
        ["bar"] = figure.Bar?.ToString(),
        ["met"] = figure.Bar?.IsMetBy(figure),
    };
}
