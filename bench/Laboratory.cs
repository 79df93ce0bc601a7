using Pyco.Bench.Hosts;

namespace Pyco.Bench;

/// <summary>One stock switch with two of our hosts and, for root, two of the kernel's.</summary>
internal sealed class Laboratory : IDisposable
{
    private readonly StockSwitch _switch = new();
    private readonly List<KernelTapHost> _kernelHosts = [];

    public Laboratory(string pycoRun, int rounds, int seconds)
    {
        Rounds = rounds;
        Seconds = seconds;
        try
        {
            if (Environment.IsPrivilegedProcess)
            {
                foreach (string address in (string[])["10.40.0.1", "10.40.0.2"])
                    _kernelHosts.Add(new KernelTapHost(_switch.Control, address));
                Kernel = new HostPair(_kernelHosts[1], _kernelHosts[0]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
        Ours = new HostPair(
            new PycoHost(pycoRun, _switch.Control, "10.40.0.12"), new PycoHost(pycoRun, _switch.Control, "10.40.0.11"));
    }

    public HostPair Ours { get; }

    /// <summary>Null without root.</summary>
    public HostPair? Kernel { get; }

    /// <summary>How often each measure is taken.</summary>
    public int Rounds { get; }

    /// <summary>How long each takes.</summary>
    public int Seconds { get; }

    /// <summary>For files that the programs need.</summary>
    public string Folder => _switch.Folder;

    public void Dispose()
    {
        foreach (KernelTapHost host in _kernelHosts)
            host.Dispose();
        _switch.Dispose();
    }
}
