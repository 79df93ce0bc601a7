namespace Pyco.Bench.Report;

/// <summary>One line of the table: a value of ours for each round, and of the kernel's host in the same round.</summary>
/// <param name="name">What it is.</param>
/// <param name="unit">Its unit.</param>
/// <param name="bar">What it should reach, or null.</param>
internal sealed class Figure(string name, string unit, Bar? bar = null)
{
    public string Name { get; } = name;

    public string Unit { get; } = unit;

    public Bar? Bar { get; } = bar;

    public List<double> Ours { get; } = [];

    /// <summary>Empty where there is nothing to compare with.</summary>
    public List<double> Kernel { get; } = [];

    /// <summary>Ours divided by the kernel's, round by round: the machine's own changes of speed fall out.</summary>
    public IEnumerable<double> Ratios => Ours.Zip(Kernel, (ours, kernel) => ours / kernel).Where(double.IsFinite);

    /// <summary>The median of the rounds' ratios.</summary>
    public double? Ratio => Median(Ratios);

    public static double? Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            return null;
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
