using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>Tells when a socket gets datagrams so fast, and for so long, that a ring is worth its memory.</summary>
internal struct BusyMeter
{
    /// <summary>50,000 a second, over several periods in a row: no burst is taken for it.</summary>
    private const int ManyInPeriod = 500;

    private const int PeriodsInARow = 3;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(10);

    private Instant? _begin;
    private int _count;
    private int _busyPeriods;

    public readonly bool IsBusy => _busyPeriods >= PeriodsInARow;

    /// <summary>So many datagrams have gone to the program.</summary>
    public void Note(int count, Instant now)
    {
        _begin ??= now;
        _count += count;
        TimeSpan passed = now - _begin.Value;
        if (passed < Period)
            return;
        _busyPeriods = _count >= ManyInPeriod && passed < 2 * Period ? _busyPeriods + 1 : 0;
        (_begin, _count) = (now, 0);
    }
}
