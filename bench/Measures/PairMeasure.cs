using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>A measure that a pair of hosts takes, all pairs in turn, so that they meet the same machine.</summary>
internal abstract class PairMeasure : IMeasure
{
    public abstract string Name { get; }

    public IReadOnlyList<Figure> Run(Laboratory laboratory)
    {
        Figure[] figures = NewFigures();
        // One after the other, not side by side: a server that waits for work still costs nothing, but only one may run.
        for (int round = 0; round < laboratory.Options.Rounds; round++)
        {
            foreach ((Subject subject, HostPair pair) in laboratory.Pairs)
            {
                double[] values = Measure(subject, pair);
                for (int index = 0; index < values.Length; index++)
                    figures[index].Add(subject, values[index]);
            }
            CompleteRound(laboratory, figures);
        }
        return figures;

        double[] Measure(Subject subject, HostPair pair)
        {
            try
            {
                return MeasureOnce(pair, laboratory);
            }
            catch (BenchException failure)
            {
                throw new BenchException($"{subject}: {failure.Message}");
            }
        }
    }

    protected abstract Figure[] NewFigures();

    /// <summary>One value for each figure.</summary>
    protected abstract double[] MeasureOnce(HostPair pair, Laboratory laboratory);

    /// <summary>Adds what the same round needs beyond pairs of hosts.</summary>
    protected virtual void CompleteRound(Laboratory laboratory, Figure[] figures)
    {
    }
}
