using Pyco.Host.Loop;
using Pyco.Stack;

namespace Pyco.Host;

/// <summary>
/// Brings a host's addresses up, and holds the <see cref="AddressLock"/> as long as the host uses them. A host that was
/// first probes once for 15 ms; one that finds the lock taken listens for the holder, and starts afresh when it has gone.
/// </summary>
internal sealed class AddressBringUp(StackHost host, EventLoop loop) : IDisposable
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
    private string? _lockedIn;

    /// <summary>Waits until the addresses may be used, or somebody insists on one.</summary>
    /// <returns>False if somebody does; true also if the wait is interrupted.</returns>
    public bool Run()
    {
        host.Stack.AddressIsContended = !TryTakeLock();
        host.Stack.Start(loop.Now);
        host.Wake();
        Instant end = loop.Now + ConflictPatience;
        while (!loop.StopRequested)
        {
            if (host.Stack.AddressState == AddressState.Probing)
                WaitForAnswer();
            else if (host.Stack.AddressState == AddressState.Usable)
                break;
            else if (loop.Now >= end)
                return false;
            else
                Pause();
        }
        return true;
    }

    /// <summary>Lets the lock go when the address is not used any more, and follows the link into another network.</summary>
    public void Advance()
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

    public void Dispose() => _lock.Dispose();

    private void WaitForAnswer()
    {
        if (_lock.IsHeld)
        {
            loop.Turn(null);
            return;
        }
        loop.Turn(LookInterval);
        if (host.Stack.AddressState == AddressState.Probing && TryTakeLock())
            Retry();
    }

    private void Pause()
    {
        Instant again = loop.Now + ConflictPause;
        bool wasFirst = _lock.IsHeld;
        while (loop.Now < again && (wasFirst || !TryTakeLock()))
            loop.Turn(TimeSpan.FromTicks(Math.Min((again - loop.Now).Ticks, LookInterval.Ticks)));
        Retry();
    }

    private bool TryTakeLock() => _lock.TryTake(host.NetworkIdentity);

    private void Retry()
    {
        host.Stack.AddressIsContended = !_lock.IsHeld;
        host.Stack.RetryAddresses(loop.Now);
        host.Wake();
    }
}
