using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pyco.Bench.Hosts;

/// <summary>A network of ours: <c>pyco-net start</c>.</summary>
internal sealed partial class OwnNetwork : IDisposable
{
    private static readonly TimeSpan PatienceAtEnd = TimeSpan.FromSeconds(10);

    private readonly BenchOptions _options;
    private readonly string _subnet;
    private readonly int? _openFiles;

    /// <param name="options">Where the programs are.</param>
    /// <param name="path">Its control directory.</param>
    /// <param name="subnet">Where its hosts are.</param>
    /// <param name="openFiles">How many files it must be able to open, from <see cref="OpenFiles.Get"/>.</param>
    public OwnNetwork(BenchOptions options, string path, string subnet = "10.40.0.0/24", int? openFiles = null)
    {
        _options = options;
        Path = path;
        _subnet = subnet;
        _openFiles = openFiles;
        Process = Start();
    }

    public string Path { get; }

    public ProcessView Process { get; private set; }

    /// <summary>How many hosts it has.</summary>
    public int Hosts
    {
        get
        {
            using JsonDocument status = JsonDocument.Parse(Child.Run(_options.PycoNet, "status", Path, "--json"));
            return status.RootElement.GetProperty("hosts").GetInt32();
        }
    }

    /// <summary>Starts it again if it has ended.</summary>
    public void EnsureRuns()
    {
        if (!Process.IsAlive)
            Process = Start();
    }

    public void Dispose()
    {
        if (!Process.IsAlive)
        {
            Console.Error.WriteLine($"bench: the network {Path} had ended before it was stopped");
            return;
        }
        Stop();
        long begin = Stopwatch.GetTimestamp();
        while (Process.IsAlive && Stopwatch.GetElapsedTime(begin) < PatienceAtEnd)
            Thread.Sleep(10);
        if (!Process.IsAlive)
            return;
        Console.Error.WriteLine($"bench: the network {Path} did not end within {PatienceAtEnd.TotalSeconds} s and is killed");
        Child.RunAtEnd(() => !Process.IsAlive, "kill", "-KILL", Process.Id.ToString(CultureInfo.InvariantCulture));
    }

    private void Stop()
    {
        if (Directory.Exists(Path))
            Child.RunAtEnd(() => !Directory.Exists(Path), _options.PycoNet, "stop", Path);
    }

    private ProcessView Start()
    {
        string[] command = [_options.PycoNet, "start", Path, "--subnet", _subnet];
        string answer;
        try
        {
            answer = Child.Run(_openFiles is { } files ? OpenFiles.Allow(files, command) : command);
        }
        catch
        {
            Stop();
            throw;
        }
        return new ProcessView(int.Parse(ProcessId().Match(answer).Groups[1].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"process (\d+)")]
    private static partial Regex ProcessId();
}
