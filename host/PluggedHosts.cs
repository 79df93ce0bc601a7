using Pyco.Host.Guarding;
using Pyco.Host.Loop;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host;

/// <summary>The hosts of a stack host process.</summary>
/// <param name="loop">Serves them.</param>
/// <param name="guard">Is disposed when they have ended in order.</param>
internal sealed class PluggedHosts(EventLoop loop, GuardContact guard) : IDisposable
{
    private readonly List<PluggedHost> _hosts = [];

    public EventLoop Loop => loop;

    public GuardContact Guard => guard;

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
        guard.Dispose();
    }
}
