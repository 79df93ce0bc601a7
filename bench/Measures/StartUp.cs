using System.Diagnostics;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>What <c>pyco-run</c> adds to the start of a program: <c>pyco-run -- true</c> beside <c>true</c>.</summary>
internal sealed class StartUp : IMeasure
{
    private const int Starts = 20;

    public string Name => "startup";

    public IReadOnlyList<Figure> Run(Laboratory laboratory)
    {
        Figure added = new("start of pyco-run -- true, beyond true", "ms", Bar.AtMost(40));
        _ = Time(laboratory);
        for (int start = 0; start < Starts; start++)
            added.Ours.Add(Time(laboratory) - Time(null));
        return [added];
    }

    private static double Time(Laboratory? laboratory)
    {
        long begin = Stopwatch.GetTimestamp();
        using Child child = laboratory is null ? Child.Start("true") : laboratory.Ours.Client.Start("true");
        _ = child.Succeed();
        return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
    }
}
