using Pyco.Host.Loop;
using Pyco.Stack;

namespace Pyco.Host.Tests.Testing;

/// <summary>
/// Two whole stack hosts on one loop, joined by a wire in memory, under a virtual clock. The kernel's AF_UNIX sockets
/// between them and their programs, which the test plays, are real: what is written there can be read at once, so
/// nothing here ever waits.
/// </summary>
internal sealed class TestNetwork : IDisposable
{
    /// <summary>Far more turns than anything takes without the clock moving: only a loop that spins gets there.</summary>
    private const int MostTurns = 200_000;

    private readonly VirtualClock _clock = new();
    private readonly EventLoop _loop;

    public TestNetwork()
    {
        _loop = new EventLoop(_clock);
        _loop.Turn(TimeSpan.Zero); // reads the clock
        Left = new TestHost(this, _loop, "10.0.0.1", 1);
        Right = new TestHost(this, _loop, "10.0.0.2", 2);
        (Left.Link.Peer, Right.Link.Peer) = (Right.Link, Left.Link);
        Wait(TimeSpan.FromSeconds(10)); // the addresses have been announced
    }

    public TestHost Left { get; }

    public TestHost Right { get; }

    public Instant Now => _clock.Now;

    /// <summary>Turns of the loop so far: what wakes an idle host shows here.</summary>
    public int Turns { get; private set; }

    /// <summary>One turn of the loop.</summary>
    /// <returns>How many descriptors had something to say.</returns>
    public int Turn()
    {
        Turns++;
        return _loop.Turn(TimeSpan.Zero);
    }

    /// <summary>Lets the hosts do all that they can do at this moment.</summary>
    public void Settle()
    {
        for (int turn = 0; turn < MostTurns; turn++)
        {
            if (Turn() == 0 && !Left.IsAwake && !Right.IsAwake)
                return;
        }
        throw new AssertionException("the loop spins");
    }

    /// <summary>Has the loop sleep for a moment, for want of anything to do.</summary>
    public void Sleep()
    {
        Settle();
        _ = _loop.Turn(TimeSpan.FromMicroseconds(1));
    }

    /// <summary>Lets the time pass, and the hosts do what they have to at each moment that they asked for.</summary>
    public void Wait(TimeSpan duration) => RunUntil(() => false, duration);

    /// <summary>Runs until the condition holds, or the virtual time has run out.</summary>
    public bool RunUntil(Func<bool> isDone, TimeSpan limit)
    {
        Instant end = Now + limit;
        while (true)
        {
            Settle();
            if (isDone())
                return true;
            if (Instant.Earlier(Left.NextRun, Right.NextRun) is not { } next || next > end)
                break;
            _clock.Now = next > Now ? next : Now;
        }
        _clock.Now = end;
        Settle();
        return isDone();
    }

    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
        _loop.Dispose();
    }
}
