using System.Globalization;

namespace Pyco.Bench;

/// <summary>
/// The share of the processors' time that a virtual machine wanted and its host gave to others (steal in proc(5)), from
/// when it was made. It falls on those who sleep and are woken, not on all alike, so ratios do not cancel it.
/// </summary>
internal sealed class StolenTime
{
    private const int StealColumn = 7;

    private readonly (double Stolen, double All) _begin = Read();

    /// <summary>From 0 to 1.</summary>
    public double Share
    {
        get
        {
            (double stolen, double all) = Read();
            return all > _begin.All ? (stolen - _begin.Stolen) / (all - _begin.All) : 0;
        }
    }

    private static (double Stolen, double All) Read()
    {
        // What comes after steal, guests' time, is part of user time.
        double[] times =
        [
            .. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..(StealColumn + 2)]
                .Select(number => double.Parse(number, CultureInfo.InvariantCulture)),
        ];
        return (times[StealColumn], times.Sum());
    }
}
