namespace Pyco.Bench.Hosts;

/// <summary>Two of Linux's hosts with veth pairs on a bridge, which has a namespace to itself. Needs root.</summary>
internal sealed class KernelVeths : IDisposable
{
    private readonly Stack<NetworkNamespace> _places = new();
    private readonly NetworkNamespace _middle;

    public KernelVeths()
    {
        try
        {
            _middle = Make("bridge");
            _middle.Ip("link", "add", "bridge0", "type", "bridge");
            _middle.Ip("link", "set", "bridge0", "up");
            Pair = new HostPair(Join("veth2", "10.41.0.2"), Join("veth1", "10.41.0.1"));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public HostPair Pair { get; }

    public void Dispose()
    {
        while (_places.TryPop(out NetworkNamespace? place))
            place.Dispose();
    }

    private NetworkNamespace Make(string name)
    {
        NetworkNamespace place = new(name);
        _places.Push(place);
        return place;
    }

    private KernelHost Join(string name, string address)
    {
        NetworkNamespace place = Make(name);
        _middle.Ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", place.Name);
        _middle.Ip("link", "set", name, "master", "bridge0", "up");
        place.Configure("eth0", address);
        return new KernelHost(place, address);
    }
}
