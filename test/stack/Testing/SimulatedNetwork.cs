using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Testing;

/// <summary>
/// Two whole stacks, joined by a wire in each direction, under a clock that jumps from one event to the next. The same
/// seed gives the same run, frame for frame.
/// </summary>
internal sealed class SimulatedNetwork
{
    public SimulatedNetwork(int seed, WireConditions conditions)
    {
        Seed = seed;
        Random chance = new(seed);
        SimulatedWire toRight = new(conditions, chance, () => Now);
        SimulatedWire toLeft = new(conditions, chance, () => Now);
        Left = new("10.0.0.1", 1, toRight, toLeft, Entropy.Seeded(seed));
        Right = new("10.0.0.2", 2, toLeft, toRight, Entropy.Seeded(seed + 1));
        Left.Stack.Start(Now);
        Right.Stack.Start(Now);
    }

    public int Seed { get; }

    // Not zero, so that nothing works only because a monotonic clock happens to start there.
    public Instant Now { get; private set; } = new(TimeSpan.TicksPerHour);

    public SimulatedHost Left { get; }

    public SimulatedHost Right { get; }

    /// <summary>Runs until the condition holds.</summary>
    /// <returns>False if the virtual time ran out, or if nothing is left that could ever happen: a stall.</returns>
    public bool RunUntil(Func<bool> isDone, TimeSpan limit)
    {
        Instant end = Now + limit;
        while (true)
        {
            Left.Turn(Now);
            Right.Turn(Now);
            if (isDone())
                return true;
            // A condition may be a program that has just used its sockets: what that leads to leaves now.
            Left.Turn(Now);
            Right.Turn(Now);
            Instant? next = Instant.Earlier(Left.NextEvent, Right.NextEvent);
            if (next is not { } moment || moment > end)
                return false;
            Now = moment > Now ? moment : Now;
        }
    }

    /// <summary>Lets the time pass.</summary>
    public void Run(TimeSpan duration)
    {
        Instant end = Now + duration;
        RunUntil(() => false, duration);
        Now = end;
    }
}

/// <summary>One end of a <see cref="SimulatedNetwork"/>: a stack and the loop that drives it.</summary>
internal sealed class SimulatedHost
{
    private readonly SimulatedWire _in;
    private Instant? _deadline;

    public SimulatedHost(string address, byte number, SimulatedWire to, SimulatedWire from, Entropy entropy)
    {
        Out = to;
        _in = from;
        Address = IpAddress.Parse(address);
        StackOptions options = new()
        {
            Mac = new MacAddress([2, 0, 0, 0, 0, number]),
            Addresses = [new IpPrefix(Address, 24)],
            DetectConflicts = false,
        };
        Stack = new NetworkStack(options, to, Memory, entropy);
    }

    public IpAddress Address { get; }

    public StackMemory Memory { get; } = new(new FramePool());

    public FramePool Frames => Memory.Frames;

    /// <summary>Frames and chunks that are not back in their pools.</summary>
    public int Outstanding => Memory.Frames.Outstanding + Memory.LargeFrames.Outstanding + Memory.Chunks.Outstanding;

    public NetworkStack Stack { get; }

    public SimulatedWire Out { get; }

    /// <summary>Called for each socket that has news, with the moment.</summary>
    public Action<StackSocket, Instant>? OnChanged { get; set; }

    /// <summary>Managed octets that the stack allocated, without those of the program above it.</summary>
    public long AllocatedOctets { get; private set; }

    public Instant? NextEvent => Instant.Earlier(_deadline, _in.NextArrival);

    /// <summary>One turn of the loop, as <see cref="NetworkStack"/>'s remarks describe it.</summary>
    public void Turn(Instant now)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        while (_in.TryReceive(Memory, now, out Frame? frame))
            Stack.Receive(frame!, now);
        Stack.Advance(now);
        AllocatedOctets += GC.GetAllocatedBytesForCurrentThread() - before;
        while (Stack.TryTakeChanged(out StackSocket? socket))
            OnChanged?.Invoke(socket!, now);
        before = GC.GetAllocatedBytesForCurrentThread();
        _deadline = Stack.Advance(now);
        AllocatedOctets += GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
