using Pyco.Host.Loop;
using Pyco.Stack;
using Pyco.Vde.Impairment;
using Pyco.Vde.Switching;

namespace Pyco.Network.Links;

/// <summary>Moves frames over the cable of a port that is no perfect one, as a tenant of the network's loop.</summary>
internal sealed class ImpairedPort : LoopTenant, IDisposable
{
    private readonly EventLoop _loop;
    private readonly SwitchPort _port;

    public ImpairedPort(EventLoop loop, SwitchPort port, LinkSpecification link, StackMemory memory)
    {
        _loop = loop;
        _port = port;
        Cable = new PortImpairment(port, link, memory.Frames, () => loop.Now, Wake);
        _port.Impairment = Cable;
        loop.Add(this);
    }

    public PortImpairment Cable { get; }

    public void Dispose()
    {
        _loop.Remove(this);
        _port.Impairment = null;
        Cable.Dispose();
    }

    protected override Instant? Run(Instant now) => Cable.Advance(now);
}
