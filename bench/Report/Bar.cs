using System.Globalization;

namespace Pyco.Bench.Report;

/// <summary>What a figure should reach.</summary>
/// <param name="Limit">The bound: of the ratio ours/kernel, or of our own value.</param>
/// <param name="IsRatio">Whether it bounds the ratio.</param>
/// <param name="IsLeast">Whether more is better.</param>
internal sealed record Bar(double Limit, bool IsRatio, bool IsLeast)
{
    public static Bar RatioAtLeast(double limit) => new(limit, IsRatio: true, IsLeast: true);

    public static Bar RatioAtMost(double limit) => new(limit, IsRatio: true, IsLeast: false);

    /// <summary>A bound of our own value, in the figure's unit.</summary>
    public static Bar AtMost(double limit) => new(limit, IsRatio: false, IsLeast: false);

    /// <summary>Null if the figure has no ratio because the kernel's hosts could not be measured.</summary>
    public bool? IsMetBy(Figure figure)
    {
        if ((IsRatio ? figure.Ratio : Figure.Median(figure.Ours)) is not { } value)
            return null;
        return IsLeast ? value >= Limit : value <= Limit;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsLeast ? "≥" : "≤")} {Limit}{(IsRatio ? "×" : "")}");
}
