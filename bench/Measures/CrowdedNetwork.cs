using System.Diagnostics;
using System.Globalization;
using Pyco.Bench.Hosts;

namespace Pyco.Bench.Measures;

/// <summary>A network of ours with a web server on each of many hosts, and one host that asks them.</summary>
internal sealed class CrowdedNetwork : IDisposable
{
    /// <summary>Requests a second: well below what one client can do, so that all networks have the same load.</summary>
    private const int Rate = 1000;

    /// <summary>Descriptors that the network's process has for a host, at the most.</summary>
    private const int FilesOfHost = 10;

    private const string Subnet = "10.50";

    private static readonly TimeSpan PatienceWithLeavers = TimeSpan.FromSeconds(60);

    private readonly Stack<IDisposable> _parts = new();
    private readonly int _requests;
    private readonly OwnNetwork _network;
    private readonly Child _fleet;
    private readonly Child _client;

    public CrowdedNetwork(Laboratory laboratory, int hosts)
    {
        try
        {
            BenchOptions options = laboratory.Options;
            _requests = Rate * options.Seconds;
            string path = Path.Combine(laboratory.Folder, $"hosts{hosts}");
            _network = new OwnNetwork(options, path, $"{Subnet}.0.0/16", OpenFiles.Get((FilesOfHost * hosts) + 500));
            _parts.Push(_network);
            double before = _network.Process.ResidentOctets;
            long begin = Stopwatch.GetTimestamp();
            _fleet = Child.Start(
                laboratory.Tools.Get("fleet"), options.PycoRun, path, Subnet, Text(hosts), laboratory.Tools.Get("web"));
            _parts.Push(_fleet);
            _fleet.WaitForLine("ready ");
            StartTime = Stopwatch.GetElapsedTime(begin);
            _client = new PycoHost(options.PycoRun, path, $"{Subnet}.255.1").Start(
                laboratory.Tools.Get("fetch"), Subnet, Text(hosts), Text(Rate), Text(_requests));
            _parts.Push(_client);
            Answered = ReadAnswered();
            OctetsForHost = (_network.Process.ResidentOctets - before) / hosts;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>How many of the hosts have answered.</summary>
    public double Answered { get; }

    /// <summary>What a host adds to the network's process, once it has answered.</summary>
    public double OctetsForHost { get; }

    public TimeSpan StartTime { get; }

    /// <summary>The nanoseconds of processor that the network's process takes for a request, at the fixed rate.</summary>
    public double TimeForRequest()
    {
        double before = _network.Process.ProcessorNanoseconds;
        _client.Tell("");
        double answered = ReadAnswered();
        if (answered < _requests)
            throw new BenchException($"only {answered} of {_requests} requests were answered");
        return (_network.Process.ProcessorNanoseconds - before) / answered;
    }

    /// <summary>Ends the web servers, all at once.</summary>
    /// <returns>How long it took until the network had none of their hosts any more.</returns>
    public TimeSpan EndServers()
    {
        long begin = Stopwatch.GetTimestamp();
        _fleet.EndInput();
        while (_network.Hosts > 1)
        {
            if (Stopwatch.GetElapsedTime(begin) > PatienceWithLeavers)
                throw new BenchException($"{_network.Hosts} hosts are there whose programs have ended");
            Interruption.Sleep(TimeSpan.FromMilliseconds(20));
        }
        return Stopwatch.GetElapsedTime(begin);
    }

    public void Dispose()
    {
        _fleet?.EndInput(); // far sooner done than to look for each of its children
        while (_parts.TryPop(out IDisposable? part))
            part.Dispose();
    }

    private double ReadAnswered() =>
        double.Parse(_client.WaitForLine("answered ").Split(' ')[0], CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
