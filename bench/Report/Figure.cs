namespace Pyco.Bench.Report;

/// <summary>What was measured: for each subject a value for each round, and the bars they should reach.</summary>
/// <param name="name">What it is; two blanks before it if it belongs to the one above.</param>
/// <param name="unit">Its unit.</param>
/// <param name="bars">What should come out.</param>
internal sealed class Figure(string name, string unit, params IReadOnlyList<Bar> bars)
{
    private readonly Dictionary<Subject, List<double>> _values = [];

    public string Name { get; } = name;

    public string Unit { get; } = unit;

    public IReadOnlyList<Bar> Bars { get; } = bars;

    /// <summary>The highest share of stolen time among the measurements, from 0 to 1; null if it was not looked at.</summary>
    public double? Stolen { get; set; }

    public void Add(Subject subject, double value)
    {
        if (!_values.TryGetValue(subject, out List<double>? values))
            _values[subject] = values = [];
        values.Add(value);
    }

    /// <summary>Round by round; none if the subject was not measured.</summary>
    public IReadOnlyList<double> Values(Subject subject) => _values.GetValueOrDefault(subject) ?? [];

    public static double? Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            return null;
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
