using Pyco.Stack;

namespace Pyco.Host;

/// <summary>
/// Brings a host's addresses up, and holds the <see cref="AddressLock"/> as long as the host uses them. A host that was
/// first probes once for 12 ms; one that finds the lock taken listens for the holder, and starts afresh when it has gone.
/// </summary>
internal sealed class AddressBringUp(StackHost host) : IDisposable
{
    /// <summary>
    /// How long to try for an address that somebody has: the host of the program that had it before needs a moment to see
    /// that it is over, on a busy machine more than one.
    /// </summary>
    private static readonly TimeSpan ConflictPatience = TimeSpan.FromSeconds(0.5);

    /// <summary>How long to leave it alone between two tries.</summary>
    private static readonly TimeSpan ConflictPause = TimeSpan.FromMilliseconds(50);

    /// <summary>How often to look whether the host that was first has gone; only its end of the lock could tell.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10);

    private readonly AddressLock _lock = new(host.Stack.Options.Addresses);
    private Instant? _giveUpAt;
    private Instant? _retryAt;
    private bool _wasFirst;
    private string? _lockedIn;

    /// <summary>True once the addresses may be used.</summary>
    public bool IsUp { get; private set; }

    /// <summary>True if somebody insists on one.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>
    /// Goes as far as it can without waiting; to be called when the host has changed, too. Once the addresses are up: lets the lock go
    /// when they are not used any more, and follows the link into another network.
    /// </summary>
    /// <returns>When to call again even if nothing changes, or null.</returns>
    public Instant? Advance(Instant now)
    {
        if (IsUp)
        {
            Follow();
            return null;
        }
        if (_giveUpAt is null)
            Start(now);
        if (_retryAt is { } at)
            return now < at && (_wasFirst || !TryTakeLock()) ? Instant.Earlier(at, now + LookInterval) : Retry(now);
        return host.Stack.AddressState switch
        {
            AddressState.Usable => BeUp(),
            AddressState.Probing => AwaitAnswer(now),
            _ => OnConflict(now),
        };
    }

    public void Dispose() => _lock.Dispose();

    private void Start(Instant now)
    {
        _giveUpAt = now + ConflictPatience;
        host.Stack.AddressIsContended = !TryTakeLock();
        host.Stack.Start(now);
        host.Wake();
    }

    private Instant? AwaitAnswer(Instant now) =>
        _lock.IsHeld ? null : TryTakeLock() ? Retry(now) : now + LookInterval;

    private Instant? OnConflict(Instant now)
    {
        HasFailed = now >= _giveUpAt;
        if (HasFailed)
            return null;
        _wasFirst = _lock.IsHeld;
        _retryAt = now + ConflictPause;
        return Instant.Earlier(_retryAt, now + LookInterval);
    }

    private Instant? BeUp()
    {
        IsUp = true;
        Follow();
        return null;
    }

    private Instant? Retry(Instant now)
    {
        _retryAt = null;
        host.Stack.AddressIsContended = !_lock.IsHeld;
        host.Stack.RetryAddresses(now);
        host.Wake();
        return _lock.IsHeld ? null : now + LookInterval;
    }

    private void Follow()
    {
        bool isUsed = host.Stack.AddressState == AddressState.Usable && !host.Stack.YieldsAddress;
        string? network = isUsed ? host.NetworkIdentity : null;
        if (network == _lockedIn)
            return;
        _lockedIn = network;
        if (network is null)
            _lock.Release();
        else
            _ = _lock.TryTake(network); // or another has it: both are up, and will hear each other
    }

    private bool TryTakeLock() => _lock.TryTake(host.NetworkIdentity);
}
