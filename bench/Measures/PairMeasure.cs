using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>
/// A measure that a pair of hosts takes, all pairs in turn, so that they meet the same machine. Rounds in which a virtual
/// machine was disturbed are taken again, and the calmest ones count, whatever came out of them.
/// </summary>
internal abstract class PairMeasure : IMeasure
{
    /// <summary>A round is calm in which no measurement had more of its time stolen.</summary>
    private const double MostStolen = 0.05;

    /// <summary>How many rounds are taken at the most for each that counts.</summary>
    private const int MostAttempts = 3;

    public abstract string Name { get; }

    public IReadOnlyList<Figure> Run(Laboratory laboratory)
    {
        Figure[] figures = NewFigures();
        int wanted = laboratory.Options.Rounds;
        List<Round> rounds = [];
        while (rounds.Count(round => round.Stolen <= MostStolen) < wanted && rounds.Count < wanted * MostAttempts)
            rounds.Add(TakeRound(laboratory));
        if (rounds.Count > wanted)
            Console.Error.Write($"the calmest {wanted} of {rounds.Count} rounds … ");
        Round[] calmest = [.. rounds.OrderBy(round => round.Stolen).Take(wanted)];
        foreach (Round round in calmest)
            round.AddTo(figures);
        foreach (Figure figure in figures)
            figure.Stolen = calmest.Max(round => round.Stolen);
        return figures;
    }

    protected abstract Figure[] NewFigures();

    /// <summary>One value for each figure.</summary>
    protected abstract double[] MeasureOnce(HostPair pair, Laboratory laboratory);

    /// <summary>Takes what the same round needs beyond pairs of hosts.</summary>
    protected virtual void CompleteRound(Laboratory laboratory, Round round)
    {
    }

    private Round TakeRound(Laboratory laboratory)
    {
        // One after the other, not side by side: a server that waits for work still costs nothing, but only one may run.
        Round round = new();
        foreach ((Subject subject, HostPair pair) in laboratory.Pairs)
        {
            try
            {
                round.Take(subject, () => MeasureOnce(pair, laboratory));
            }
            catch (BenchException failure)
            {
                throw new BenchException($"{subject}: {failure.Message}");
            }
        }
        CompleteRound(laboratory, round);
        return round;
    }

    /// <summary>What was measured in one round.</summary>
    protected sealed class Round
    {
        private readonly List<(Subject Subject, double[] Values)> _values = [];

        /// <summary>The highest share of stolen time among its measurements.</summary>
        public double Stolen { get; private set; }

        /// <summary>Measures a subject: a value for each figure, from the first on.</summary>
        public void Take(Subject subject, Func<double[]> measure)
        {
            StolenTime stolen = new();
            _values.Add((subject, measure()));
            Stolen = Math.Max(Stolen, stolen.Share);
        }

        public void AddTo(Figure[] figures)
        {
            foreach ((Subject subject, double[] values) in _values)
            {
                for (int index = 0; index < values.Length; index++)
                    figures[index].Add(subject, values[index]);
            }
        }
    }
}
