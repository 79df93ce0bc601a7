using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Impairment;

/// <summary>A link whose cable is no perfect one.</summary>
/// <param name="link">The perfect one.</param>
/// <param name="specification">What the cable does, with a seed.</param>
/// <param name="pool">Where copies are rented.</param>
/// <param name="clock">The moment.</param>
public sealed class ImpairedLink(IPolledLink link, LinkSpecification specification, FramePool pool, Func<Instant> clock) : IPolledLink
{
    private readonly LinkImpairment _up = new(specification.Up, specification.Chance(LinkDirection.Up), pool);
    private readonly LinkImpairment _down = new(specification.Down, specification.Chance(LinkDirection.Down), pool);

    public int Mtu => link.Mtu;

    public int? QueueFrames => link.QueueFrames;

    /// <summary>What is damaged on the way must be noticed.</summary>
    public bool ChecksumTrusted => false;

    public int MaxSuperSegment => 0;

    public string? NetworkIdentity => link.NetworkIdentity;

    public int Descriptor => link.Descriptor;

    public int ControlDescriptor => link.ControlDescriptor;

    public bool WantsWrite => link.WantsWrite;

    public void Send(Frame frame) => _up.Enqueue(frame, clock());

    /// <summary>Frames whose time has come.</summary>
    public bool HasFrames => _down.NextDue <= clock();

    public int Receive(Span<Frame> frames)
    {
        Instant now = clock();
        int arrived;
        do
        {
            arrived = link.Receive(frames);
            foreach (Frame frame in frames[..arrived])
                _down.Enqueue(frame, now);
        }
        while (arrived == frames.Length);
        int count = 0;
        while (count < frames.Length && _down.TryDequeue(now, out Frame? frame))
            frames[count++] = frame;
        return count;
    }

    public void OnWritable(Instant now) => link.OnWritable(now);

    public void OnControl(Instant now) => link.OnControl(now);

    public Instant? Advance(Instant now)
    {
        while (_up.TryDequeue(now, out Frame? frame))
            link.Send(frame);
        return Instant.Earlier(Instant.Earlier(link.Advance(now), _down.NextDue), _up.NextDue);
    }

    public bool TakeRestored() => link.TakeRestored();

    public void Dispose()
    {
        _up.Dispose();
        _down.Dispose();
        link.Dispose();
    }
}
