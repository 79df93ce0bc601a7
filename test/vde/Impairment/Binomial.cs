using NUnit.Framework.Constraints;

namespace Pyco.Vde.Tests.Impairment;

/// <summary>How often something of a given probability happens.</summary>
internal static class Binomial
{
    /// <summary>Within five standard deviations: by chance, one run in two million is outside.</summary>
    public static RangeConstraint Likely(int trials, double probability)
    {
        double mean = trials * probability;
        double deviation = 5 * Math.Sqrt(mean * (1 - probability));
        return Is.InRange(mean - deviation, mean + deviation);
    }
}
