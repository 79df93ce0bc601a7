namespace Pyco.Shim;

/// <summary>What <see cref="BusyPolling"/> knows of a descriptor.</summary>
internal enum PollingHint : byte
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>Looking makes no sense, until the number is a new socket's: this one does not block, or is not ours.</summary>
    Never,

    /// <summary>Waits for answers are long.</summary>
    Sleeps,

    /// <summary>A wait was short. From here on a look that has paid goes one step up, one in vain one step down.</summary>
    Looks,
    LooksTwice,
    LooksThrice,
}

/// <summary>When looking begins and ends to pay; all times are nanoseconds.</summary>
internal static class PollingHints
{
    /// <summary>How long to look at most: some more than an answer takes.</summary>
    internal const long Limit = 100_000;

    /// <summary>A call that took less did not wait.</summary>
    private const long ShortestWait = 4_000;

    internal static PollingHint AfterWait(PollingHint hint, long duration) =>
        hint == PollingHint.Sleeps && duration is >= ShortestWait and <= Limit ? PollingHint.Looks : hint;

    internal static PollingHint AfterLook(PollingHint hint, bool hasPaid) => hint switch
    {
        < PollingHint.Looks => hint, // another thread has learned better
        PollingHint.LooksThrice when hasPaid => hint,
        _ => hasPaid ? hint + 1 : hint - 1,
    };
}

/// <summary>
/// No looking for a time, for all of a process, where somebody computes on the processor: he gets it when it is yielded, and the
/// kernel gives it back later to who looks than to who sleeps. All times are nanoseconds.
/// </summary>
internal struct PollingPause
{
    /// <summary>A look that took so long had yielded to one who computes.</summary>
    private const long Obstructed = 300_000;

    /// <summary>The first pause; each one that follows without a good look between is twice as long, up to 64 times.</summary>
    private const long Shortest = 50_000_000;

    private const int MostDoublings = 6;

    private long _until;
    private int _doublings;

    internal readonly bool IsOver(long now) => now >= _until;

    internal void NoteLook(long duration, bool hasPaid, long now)
    {
        if (duration >= Obstructed)
        {
            _until = now + (Shortest << _doublings);
            if (_doublings < MostDoublings)
                _doublings++;
        }
        else if (hasPaid && _doublings != 0)
        {
            _doublings = 0;
        }
    }
}
