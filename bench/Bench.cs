using System.Diagnostics;
using System.Text.Json;
using Pyco.Bench.Measures;
using Pyco.Bench.Report;

namespace Pyco.Bench;

/// <summary>One run of the bench.</summary>
internal static class Bench
{
    /// <summary>What a shell gives a program that Ctrl-C ended.</summary>
    private const int InterruptedStatus = 130;

    /// <summary>Takes the measures, one after the other, and tells their figures. One that fails does not end the others.</summary>
    /// <returns>The exit status: 0, or 1 if a measure failed. A missed bar is no failure.</returns>
    public static int Run(IReadOnlyList<IMeasure> measures, BenchOptions options, string file)
    {
        using Interruption interruption = new();
        List<Figure> figures = [];
        int failures = 0;
        try
        {
            using Laboratory laboratory = new(options);
            foreach (IMeasure measure in measures)
            {
                long begin = Stopwatch.GetTimestamp();
                Console.Error.Write($"bench: {measure.Name} … ");
                failures += TryMeasure(measure, laboratory, figures) ? 0 : 1;
                Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(begin).TotalSeconds:0} s");
            }
        }
        catch (Exception failure) when (IsOfPrograms(failure))
        {
            Console.Error.WriteLine($"bench: {failure.Message}");
            failures++;
        }
        if (Interruption.Token.IsCancellationRequested)
            return InterruptedStatus;
        if (figures.Count > 0)
            FigureTable.Write(figures);
        FigureFile.Write(file, figures, options);
        return failures == 0 ? 0 : 1;
    }

    private static bool TryMeasure(IMeasure measure, Laboratory laboratory, List<Figure> figures)
    {
        try
        {
            figures.AddRange(measure.Run(laboratory));
            return true;
        }
        catch (Exception failure) when (IsOfPrograms(failure) && !Interruption.Token.IsCancellationRequested)
        {
            Console.Error.WriteLine($"failed: {failure.Message}");
            laboratory.Mend();
            return false;
        }
    }

    /// <summary>Whether the programs that were run are to blame: they failed, or told something that is no figure.</summary>
    private static bool IsOfPrograms(Exception failure) =>
        failure is BenchException or IOException or FormatException or JsonException;
}
