using System.Diagnostics;
using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>What <c>pyco-run</c> adds to the start of a program: <c>pyco-run -- true</c> beside <c>true</c>.</summary>
internal sealed class StartUp : IMeasure
{
    private const int Starts = 20;

    public string Name => "startup";

    public IReadOnlyList<Figure> Run(Laboratory laboratory)
    {
        Figure added = new(
            "start of pyco-run -- true, beyond true", "ms", Bar.AtMost(Subject.Own, 15, 8), Bar.AtMost(Subject.Stock, 40));
        Subject[] subjects = [Subject.Own, Subject.Stock];
        foreach (Subject subject in subjects)
            _ = Time(laboratory[subject]); // the first reads the program from the disk
        for (int start = 0; start < Starts; start++)
        {
            foreach (Subject subject in subjects)
                added.Add(subject, Time(laboratory[subject]) - Time(null));
        }
        return [added];
    }

    private static double Time(HostPair? pair)
    {
        long begin = Stopwatch.GetTimestamp();
        using Child child = pair is null ? Child.Start("true") : pair.Client.Start("true");
        _ = child.Succeed();
        return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
    }
}
