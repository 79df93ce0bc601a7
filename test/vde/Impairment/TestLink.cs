using System.Buffers.Binary;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde.Impairment;

namespace Pyco.Vde.Tests.Impairment;

/// <summary>
/// One direction of a link under a virtual clock, for numbered frames. Disposing it proves that every frame is accounted
/// for and that none leaks.
/// </summary>
internal sealed class TestLink : IDisposable
{
    public const int HeaderLength = 14;
    public const int Seed = 7;

    private const ushort IPv4 = 0x0800;

    private long _sent;

    public TestLink(LinkConditions conditions, uint seed = Seed)
    {
        Entropy chance = new LinkSpecification { Seed = seed }.Chance(LinkDirection.Up);
        Link = new LinkImpairment(conditions, chance, Frames);
    }

    public FramePool Frames { get; } = new();

    public LinkImpairment Link { get; }

    // Not zero, so that nothing works only because a clock happens to start there.
    public Instant Now { get; private set; } = new(TimeSpan.TicksPerHour);

    /// <summary>What came out, in order.</summary>
    public List<Arrival> Received { get; } = [];

    public IEnumerable<int> Numbers => Received.Select(arrival => arrival.Number);

    /// <summary>A link with the conditions of a text.</summary>
    public static TestLink Of(string text, uint seed = Seed) => new(Conditions(text), seed);

    public static LinkConditions Conditions(string text)
    {
        Assert.That(LinkSpecification.TryParse(text, out LinkSpecification? link, out string? error), error);
        return link!.Up;
    }

    public void Send(int number, int length = 1000, ushort type = IPv4) => Send(NewFrame(number, length, type));

    public void Send(Frame frame)
    {
        _sent++;
        Link.Enqueue(frame, Now);
    }

    /// <summary>A frame whose content is its number and then only that number's last octet.</summary>
    public Frame NewFrame(int number, int length = 1000, ushort type = IPv4)
    {
        Frame frame = Frames.Rent();
        Span<byte> octets = frame.Append(length);
        octets.Fill((byte)number);
        BinaryPrimitives.WriteUInt16BigEndian(octets[(HeaderLength - 2)..], type);
        BinaryPrimitives.WriteInt32BigEndian(octets[HeaderLength..], number);
        return frame;
    }

    /// <summary>Sends frames 0 to <paramref name="count"/> - 1, one each time that the interval has passed.</summary>
    public void SendAll(int count, TimeSpan interval, int length = 1000)
    {
        for (int number = 0; number < count; number++)
        {
            Send(number, length);
            Run(interval);
        }
    }

    /// <summary>Lets the time pass, and takes out each frame when the link says so.</summary>
    public void Run(TimeSpan duration)
    {
        Instant end = Now + duration;
        Take();
        while (Link.NextDue is { } next && next <= end)
        {
            Assert.That(next, Is.GreaterThan(Now), "a frame that is due was not given");
            Now = next;
            Take();
        }
        Now = end;
    }

    /// <summary>Runs until nothing is held.</summary>
    public void Drain()
    {
        while (Link.NextDue is { } next)
            Run(next - Now);
        Assert.That(Link.Held, Is.Zero);
    }

    public void Dispose()
    {
        LinkCounters counters = Link.Counters;
        Assert.That(
            counters.Passed + counters.Lost + counters.QueueFull + counters.TooLong + Link.Held,
            Is.EqualTo(_sent + counters.Duplicated), "a frame is not accounted for");
        Assert.That(Frames.Outstanding, Is.EqualTo(Link.Held));
        Link.Dispose();
        Assert.That(Frames.Outstanding, Is.Zero, "frames leaked");
        Assert.That(Link.NextDue, Is.Null);
    }

    private void Take()
    {
        while (Link.TryDequeue(Now, out Frame? frame))
        {
            using (frame)
            {
                ReadOnlySpan<byte> octets = frame.Octets;
                int number = BinaryPrimitives.ReadInt32BigEndian(octets[HeaderLength..]);
                Received.Add(new Arrival(Now, number, octets.ToArray()));
            }
        }
    }

    internal sealed record Arrival(Instant At, int Number, byte[] Octets);
}
