using Pyco.Host.Loop;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host;

/// <summary>The hosts of a stack host process.</summary>
internal sealed class PluggedHosts(EventLoop loop) : IDisposable
{
    private readonly List<PluggedHost> _hosts = [];

    public EventLoop Loop => loop;

    /// <summary>The buffers of all their stacks.</summary>
    public StackMemory Memory { get; } = new(new FramePool());

    public int Count => _hosts.Count;

    /// <summary>Octets of the frames that those have sent and received which are there.</summary>
    public long CountOctets()
    {
        long octets = 0;
        foreach (PluggedHost host in _hosts)
            octets += host.Octets;
        return octets;
    }

    public PluggedHost Add(StackHostOptions options, IHostLauncher launcher)
    {
        PluggedHost host = new(this, options, launcher);
        _hosts.Add(host);
        loop.Add(host);
        return host;
    }

    /// <summary>Tells all their users why the process ends.</summary>
    public void Report(Exception failure)
    {
        foreach (PluggedHost host in _hosts)
            host.Report(failure);
    }

    public void End(PluggedHost host)
    {
        if (_hosts.Remove(host))
            host.Dispose();
    }

    public void Dispose()
    {
        while (_hosts.Count > 0)
            End(_hosts[^1]);
    }
}
