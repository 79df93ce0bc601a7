namespace Pyco.Bench.Hosts;

/// <summary>A network namespace of the bench's own. Needs root.</summary>
internal sealed class NetworkNamespace : IDisposable
{
    public NetworkNamespace(string name)
    {
        Name = $"pyco-bench-{Environment.ProcessId}-{name}";
        try
        {
            Child.Run("ip", "netns", "add", Name);
        }
        catch
        {
            if (Exists)
                Dispose();
            throw;
        }
    }

    public string Name { get; }

    /// <summary>Runs ip(8) for it.</summary>
    public void Ip(params string[] arguments) => Child.Run(["ip", "-n", Name, .. arguments]);

    /// <summary>Gives an interface its address, and lets it and the loopback up.</summary>
    public void Configure(string device, string address)
    {
        Ip("link", "set", "lo", "up");
        Ip("addr", "add", $"{address}/24", "dev", device);
        Ip("link", "set", device, "up");
    }

    public bool Has(string device)
    {
        using Child look = Child.Start("ip", "-n", Name, "link", "show", device);
        return look.Wait() == 0;
    }

    public void Dispose() => Child.RunAtEnd(() => !Exists, "ip", "netns", "del", Name);

    private bool Exists => File.Exists($"/run/netns/{Name}");
}
