using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Offload;
using Pyco.Stack.Wire;
using Pyco.Vde.Impairment;

namespace Pyco.Vde.Switching;

/// <summary>The cable between a port and its station, where it is no perfect one: one impairment for each direction.</summary>
public sealed class PortImpairment : IDisposable
{
    private readonly SwitchPort _port;
    private readonly FramePool _frames;
    private readonly Func<Instant> _clock;
    private readonly Action _wake;
    private readonly LinkImpairment _up;
    private readonly LinkImpairment _down;

    /// <param name="port">The port.</param>
    /// <param name="link">What the cable is like; without a seed one is drawn.</param>
    /// <param name="frames">Where copies are rented.</param>
    /// <param name="clock">The moment.</param>
    /// <param name="wake">Called when <see cref="Advance"/> has got something to do.</param>
    public PortImpairment(SwitchPort port, LinkSpecification link, FramePool frames, Func<Instant> clock, Action wake)
    {
        ArgumentNullException.ThrowIfNull(link);
        _port = port;
        _frames = frames;
        _clock = clock;
        _wake = wake;
        Link = link.WithSeed(KernelEntropy.Instance);
        _up = new LinkImpairment(Link.Up, Link.Chance(LinkDirection.Up), frames);
        _down = new LinkImpairment(Link.Down, Link.Chance(LinkDirection.Down), frames);
    }

    /// <summary>What the cable is like, with its seed.</summary>
    public LinkSpecification Link { get; private set; }

    /// <summary>What happened to frames from the station.</summary>
    public LinkCounters Up => _up.Counters;

    /// <summary>What happened to frames to the station.</summary>
    public LinkCounters Down => _down.Counters;

    /// <summary>Changes the cable; frames that are on it are not lost.</summary>
    public void Reconfigure(LinkSpecification link)
    {
        ArgumentNullException.ThrowIfNull(link);
        bool isNewSeed = link.Seed is not null && link.Seed != Link.Seed;
        Link = link.Seed is null ? link with { Seed = Link.Seed } : link;
        _up.Reconfigure(link.Up, _clock(), isNewSeed ? Link.Chance(LinkDirection.Up) : null);
        _down.Reconfigure(link.Down, _clock(), isNewSeed ? Link.Chance(LinkDirection.Down) : null);
        _wake();
    }

    /// <summary>Lets frames go whose time has come.</summary>
    /// <returns>When to call again, or null.</returns>
    public Instant? Advance(Instant now)
    {
        while (_up.TryDequeue(now, out Frame? frame))
            _port.Enter(frame);
        while (_down.TryDequeue(now, out Frame? frame))
            _port.Arrive(frame);
        return Instant.Earlier(_up.NextDue, _down.NextDue);
    }

    public void Dispose()
    {
        _up.Dispose();
        _down.Dispose();
    }

    internal void FromStation(Frame frame) => Enqueue(_up, frame);

    internal void ToStation(Frame frame) => Enqueue(_down, frame);

    /// <summary>A cable carries wire frames, also while the station behind it still makes others.</summary>
    private void Enqueue(LinkImpairment direction, Frame frame)
    {
        SegmentSplitter splitter = new(frame);
        while (splitter.TryTake(_frames, out Frame? part))
            direction.Enqueue(part, _clock());
        _wake();
    }
}
