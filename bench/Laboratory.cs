using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench;

/// <summary>Pairs of hosts to compare: ours on a network of ours and on a stock switch; for root, the kernel's with TAPs on that
/// switch and with a bridge of the kernel's.</summary>
internal sealed class Laboratory : IDisposable
{
    private readonly Stack<IDisposable> _parts = new();
    private readonly OwnNetwork _network;

    public Laboratory(BenchOptions options)
    {
        Options = options;
        try
        {
            Folder = Keep(new TemporaryFolder()).Path;
            Tools = new Tools(Folder);
            _network = Keep(new OwnNetwork(options, Path.Combine(Folder, "own")));
            Switch = Keep(new StockSwitch(Path.Combine(Folder, "ctl")));
            Pairs.Add((Subject.Own, Pair(_network.Path, "10.40.0")));
            Pairs.Add((Subject.Stock, Pair(Switch.Control, "10.40.0")));
            if (Environment.IsPrivilegedProcess)
            {
                Pairs.Add((Subject.Veth, Keep(new KernelVeths()).Pair));
                Pairs.Add((Subject.Tap, Keep(new KernelTaps(Switch.Control)).Pair));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public BenchOptions Options { get; }

    /// <summary>Those that could be made, in the order in which a round takes them.</summary>
    public List<(Subject Subject, HostPair Pair)> Pairs { get; } = [];

    public StockSwitch Switch { get; }

    public Tools Tools { get; }

    /// <summary>For files that the programs need.</summary>
    public string Folder { get; }

    public HostPair this[Subject subject] => Pairs.First(pair => pair.Subject == subject).Pair;

    /// <summary>A measure has failed: the next ones find a network again.</summary>
    public void Mend() => _network.EnsureRuns();

    public void Dispose()
    {
        while (_parts.TryPop(out IDisposable? part))
            part.Dispose();
    }

    private HostPair Pair(string network, string subnet) => new(
        new PycoHost(Options.PycoRun, network, $"{subnet}.12"), new PycoHost(Options.PycoRun, network, $"{subnet}.11"));

    private T Keep<T>(T part)
        where T : IDisposable
    {
        _parts.Push(part);
        return part;
    }
}
