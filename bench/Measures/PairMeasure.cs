using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>A measure that a pair of hosts takes, ours and the kernel's in turn, so that both meet the same machine.</summary>
internal abstract class PairMeasure : IMeasure
{
    public abstract string Name { get; }

    public IReadOnlyList<Figure> Run(Laboratory laboratory)
    {
        Figure[] figures = NewFigures();
        // One after the other, not side by side: a server that waits for work still costs nothing, but only one may run.
        for (int round = 0; round < laboratory.Rounds; round++)
        {
            if (laboratory.Kernel is { } kernel)
                Take(kernel, (index, value) => figures[index].Kernel.Add(value));
            Take(laboratory.Ours, (index, value) => figures[index].Ours.Add(value));
        }
        return figures;

        void Take(HostPair pair, Action<int, double> add)
        {
            double[] values = MeasureOnce(pair, laboratory);
            for (int index = 0; index < values.Length; index++)
                add(index, values[index]);
        }
    }

    protected abstract Figure[] NewFigures();

    /// <summary>One value for each figure.</summary>
    protected abstract double[] MeasureOnce(HostPair pair, Laboratory laboratory);
}
