using System.Globalization;

namespace Pyco.Bench.Report;

/// <summary>What is compared, and what should come out.</summary>
/// <param name="Of">Whose value.</param>
/// <param name="Against">What it is divided by; null bounds the value itself, in the figure's unit.</param>
/// <param name="Direction">Which side of the limit is good.</param>
/// <param name="Limit">The bound; null for a comparison that nothing is asked of.</param>
/// <param name="Stretch">What it might reach one day, or null.</param>
internal sealed record Bar(Subject Of, Subject? Against, Direction Direction, double? Limit, double? Stretch = null)
{
    public static Bar RatioAtLeast(Subject of, Subject against, double limit, double? stretch = null) =>
        new(of, against, Direction.AtLeast, limit, stretch);

    public static Bar RatioAtMost(Subject of, Subject against, double limit, double? stretch = null) =>
        new(of, against, Direction.AtMost, limit, stretch);

    public static Bar AtLeast(Subject of, double limit, double? stretch = null) => new(of, null, Direction.AtLeast, limit, stretch);

    public static Bar AtMost(Subject of, double limit, double? stretch = null) => new(of, null, Direction.AtMost, limit, stretch);

    /// <summary>A ratio that is only shown.</summary>
    public static Bar Compare(Subject of, Subject against) => new(of, against, Direction.AtLeast, null);

    /// <summary>What the bar is compared with, round by round: the machine's own changes of speed fall out of a ratio.</summary>
    public IEnumerable<double> ValuesOf(Figure figure)
    {
        IReadOnlyList<double> values = figure.Values(Of);
        return Against is { } against
            ? values.Zip(figure.Values(against), (value, other) => value / other).Where(double.IsFinite)
            : values;
    }

    /// <summary>Null if there is no limit, or if the figure has no such value because the hosts could not be made.</summary>
    public bool? IsMetBy(Figure figure) => Reaches(figure, Limit);

    public bool? IsStretchReachedBy(Figure figure) => Reaches(figure, Stretch);

    /// <summary>What is compared, such as <c>own / veth</c>.</summary>
    public string Comparison => Against is { } against ? $"{Name(Of)} / {Name(against)}" : Name(Of);

    /// <summary>A bound with its sign, or nothing.</summary>
    public string Describe(double? bound) => bound is not { } number
        ? ""
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{(Direction == Direction.AtLeast ? "≥" : "≤")} {number}{(Against is null ? "" : "×")}");

    private bool? Reaches(Figure figure, double? bound)
    {
        if (bound is not { } number || Figure.Median(ValuesOf(figure)) is not { } value)
            return null;
        return Direction == Direction.AtLeast ? value >= number : value <= number;
    }

    private static string Name(Subject subject) => subject.ToString().ToLowerInvariant();
}

/// <summary>Which side of a limit is good.</summary>
internal enum Direction
{
    AtLeast,
    AtMost,
}
