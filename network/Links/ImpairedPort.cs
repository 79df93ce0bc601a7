using Pyco.Host.Loop;
using Pyco.Stack;
using Pyco.Vde.Impairment;
using Pyco.Vde.Switching;

namespace Pyco.Network.Links;

/// <summary>
/// Moves frames over the cable of a port that is no perfect one, as a tenant of the network's loop. When it has become a
/// perfect one and the last frame has left it, frames pass it by again.
/// </summary>
internal sealed class ImpairedPort : LoopTenant, IDisposable
{
    private readonly EventLoop _loop;
    private readonly SwitchPort _port;
    private readonly bool _wasWire;

    public ImpairedPort(EventLoop loop, SwitchPort port, LinkSpecification link, StackMemory memory)
    {
        _loop = loop;
        _port = port;
        Cable = new PortImpairment(port, link, memory.Frames, () => loop.Now, Wake);
        _wasWire = port is LocalPort { IsWire: true };
        PutBetween();
        loop.Add(this);
    }

    public PortImpairment Cable { get; }

    /// <summary>Changes the cable; frames that are on it are not lost.</summary>
    public void Reconfigure(LinkSpecification link)
    {
        PutBetween();
        Cable.Reconfigure(link);
    }

    public void Dispose()
    {
        _loop.Remove(this);
        _port.Impairment = null;
        Cable.Dispose();
    }

    protected override Instant? Run(Instant now)
    {
        Instant? next = Cable.Advance(now);
        if (next is null && Cable.Link.IsNone)
            TakeOut();
        return next;
    }

    private void PutBetween()
    {
        _port.Impairment = Cable;
        if (_port is LocalPort local)
            local.IsWire = true; // from now on the station makes frames as a wire takes them
    }

    private void TakeOut()
    {
        _port.Impairment = null;
        if (_port is LocalPort local)
            local.IsWire = _wasWire;
    }
}
