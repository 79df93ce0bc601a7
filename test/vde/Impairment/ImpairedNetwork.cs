using Pyco.Stack;
using Pyco.Stack.Link;
using Pyco.Stack.Sockets;
using Pyco.Stack.Wire;
using Pyco.Vde.Impairment;

namespace Pyco.Vde.Tests.Impairment;

/// <summary>Two whole stacks under a virtual clock: what the first sends goes up the link, what it receives comes down.</summary>
internal sealed class ImpairedNetwork
{
    public ImpairedNetwork(LinkSpecification link)
    {
        Up = new LinkImpairment(link.Up, link.Chance(LinkDirection.Up), new FramePool());
        Down = new LinkImpairment(link.Down, link.Chance(LinkDirection.Down), new FramePool());
        Near = new Host("10.0.0.1", 1, new Wire(Up, () => Now));
        Far = new Host("10.0.0.2", 2, new Wire(Down, () => Now));
        Near.Stack.Start(Now);
        Far.Stack.Start(Now);
    }

    public Instant Now { get; private set; } = new(TimeSpan.TicksPerHour);

    public Host Near { get; }

    public Host Far { get; }

    public LinkImpairment Up { get; }

    public LinkImpairment Down { get; }

    /// <returns>False if the virtual time ran out or nothing is left that could happen.</returns>
    public bool RunUntil(Func<bool> isDone, TimeSpan limit)
    {
        Instant end = Now + limit;
        while (true)
        {
            Instant? next = Instant.Earlier(Near.Turn(Down, Now), Far.Turn(Up, Now));
            next = Instant.Earlier(next, Instant.Earlier(Up.NextDue, Down.NextDue));
            if (isDone())
                return true;
            if (next is not { } moment || moment > end)
                return false;
            Now = moment > Now ? moment : Now;
        }
    }

    /// <summary>Ends both stacks and proves that no frame has leaked.</summary>
    public void ShutDown()
    {
        Near.Stack.ShutDown();
        Far.Stack.ShutDown();
        Up.Dispose();
        Down.Dispose();
        Assert.That(Near.Frames.Outstanding + Far.Frames.Outstanding, Is.Zero, "frames leaked");
    }

    /// <summary>A stack and the loop that drives it.</summary>
    internal sealed class Host
    {
        public Host(string address, byte number, ILink link)
        {
            Address = IpAddress.Parse(address);
            StackOptions options = new()
            {
                Mac = new MacAddress([2, 0, 0, 0, 0, number]),
                Addresses = [new IpPrefix(Address, 24)],
                DetectConflicts = false,
            };
            Stack = new NetworkStack(options, link, Frames, new SplitMix64(number));
        }

        public IpAddress Address { get; }

        public FramePool Frames { get; } = new();

        public NetworkStack Stack { get; }

        /// <summary>Called for each socket that has news, with the moment.</summary>
        public Action<StackSocket, Instant>? OnChanged { get; set; }

        /// <returns>The stack's next deadline.</returns>
        public Instant? Turn(LinkImpairment from, Instant now)
        {
            while (from.TryDequeue(now, out Frame? frame))
                Stack.Receive(frame, now);
            Stack.Advance(now);
            while (Stack.TryTakeChanged(out StackSocket? socket))
                OnChanged?.Invoke(socket!, now);
            return Stack.Advance(now);
        }
    }

    private sealed class Wire(LinkImpairment link, Func<Instant> clock) : ILink
    {
        public int Mtu => 1500;

        public int? QueueFrames => null;

        public int MaxSuperSegment => 0;

        public bool ChecksumTrusted => false;

        public void Send(Frame frame) => link.Enqueue(frame, clock());
    }
}
