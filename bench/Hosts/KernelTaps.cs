namespace Pyco.Bench.Hosts;

/// <summary>Two of Linux's hosts that are plugged into a switch with TAPs. Needs root.</summary>
internal sealed class KernelTaps : IDisposable
{
    private readonly Stack<IDisposable> _parts = new();

    /// <param name="control">The switch's directory.</param>
    /// <param name="subnet">The first three numbers of their addresses, with a dot behind each.</param>
    public KernelTaps(string control, string subnet = "10.40.0.")
    {
        try
        {
            Pair = new HostPair(Plug(control, $"{subnet}2"), Plug(control, $"{subnet}1"));
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
        while (_parts.TryPop(out IDisposable? part))
            part.Dispose();
    }

    private KernelHost Plug(string control, string address)
    {
        NetworkNamespace place = new(address);
        _parts.Push(place);
        KernelHost host = new(place, address);
        _parts.Push(host.Start("vde_plug", $"vde://{control}", "tap://tap0"));
        for (int attempt = 0; !place.Has("tap0"); attempt++)
        {
            if (attempt == 100)
                throw new BenchException("vde_plug made no TAP");
            Interruption.Sleep(TimeSpan.FromMilliseconds(20));
        }
        place.Configure("tap0", address);
        return host;
    }
}
