namespace Pyco.Stack;

/// <summary>A moment that its owner waits for. It never fires by itself.</summary>
internal struct Deadline
{
    public Instant? At { get; private set; }

    public readonly bool IsSet => At is not null;

    public void Set(Instant now, TimeSpan delay) => At = now + delay;

    public void SetAt(Instant at) => At = at;

    public void Clear() => At = null;

    public readonly bool IsDue(Instant now) => At is { } at && now >= at;
}
