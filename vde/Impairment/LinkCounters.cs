namespace Pyco.Vde.Impairment;

/// <summary>
/// Frames that one direction of a link has dealt with. All that went in, and all duplicates, are passed, lost, dropped
/// for the queue or for their length, or still held.
/// </summary>
public sealed class LinkCounters
{
    /// <summary>Came out at the other end.</summary>
    public long Passed { get; internal set; }

    /// <summary>Lost by chance.</summary>
    public long Lost { get; internal set; }

    /// <summary>Copies that were made, and counted like other frames from then on.</summary>
    public long Duplicated { get; internal set; }

    /// <summary>Skipped the delay.</summary>
    public long Reordered { get; internal set; }

    /// <summary>Had a bit flipped when they went in, even if the queue was full then.</summary>
    public long Corrupted { get; internal set; }

    /// <summary>Dropped because too much waited.</summary>
    public long QueueFull { get; internal set; }

    /// <summary>Dropped because longer than the MTU.</summary>
    public long TooLong { get; internal set; }
}
