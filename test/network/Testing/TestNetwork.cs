using System.Collections.Concurrent;
using System.Diagnostics;
using Pyco.Host.Loop;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Network.Tests.Testing;

/// <summary>A network in the test's own process, with a thread for its loop, in a folder of its own.</summary>
internal sealed class TestNetwork : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TurnTime = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentQueue<Action> _orders = new();
    private readonly ShiftedClock _clock = new();
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _begun = new();
    private VirtualNetwork _network = null!;
    private Exception? _failure;
    private volatile bool _isOver;

    public TestNetwork(Func<NetworkOptions, NetworkOptions>? change = null)
    {
        Root = Directory.CreateTempSubdirectory("pyco-net-").FullName;
        NetworkOptions options = new() { Path = System.IO.Path.Combine(Root, "net") };
        Options = change?.Invoke(options) ?? options;
        _thread = new Thread(Run);
        _thread.Start();
        Assert.That(_begun.Wait(Patience), Is.True, "the network is up");
        Assert.That(_failure, Is.Null);
    }

    /// <summary>A folder around the network's own; gone afterwards.</summary>
    public string Root { get; }

    public NetworkOptions Options { get; }

    public string Path => Options.Path;

    /// <summary>For the test's own ends of plugs.</summary>
    public FramePool Frames { get; } = new();

    public string[] Files => [.. Directory.EnumerateFiles(Path).Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    public VdePlug Plug(string description = "test") => VdePlug.Connect(new VnlLocator(Path), description, Frames, _ => { });

    public RawClient Connect(string socket) => new(System.IO.Path.Combine(Path, socket));

    public ManagementClient Manage() => new(Options.ManagementSocket ?? System.IO.Path.Combine(Path, "mgmt"));

    /// <summary>Asks something of the network, in its own thread.</summary>
    public T Ask<T>(Func<VirtualNetwork, T> question)
    {
        using ManualResetEventSlim done = new();
        T answer = default!;
        Exception? failure = null;
        _orders.Enqueue(() =>
        {
            try
            {
                answer = question(_network);
            }
#pragma warning disable CA1031 // it is the test's
            catch (Exception reason)
#pragma warning restore CA1031
            {
                failure = reason;
            }
            done.Set();
        });
        Assert.That(done.Wait(Patience), Is.True, $"the network answers {_failure}");
        return failure is null ? answer : throw new AssertionException("in the network's thread", failure);
    }

    /// <summary>Waits until something is true in the network.</summary>
    public void Until(Func<VirtualNetwork, bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!Ask(condition))
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
                Assert.Fail($"gave up waiting: {what}");
        }
    }

    /// <summary>Lets the network's clock jump, after a turn in which it has seen by the clock of before what was asked last.</summary>
    public void Pass(TimeSpan time)
    {
        Instant before = Ask(running => running.Loop.Now);
        Until(running => running.Loop.Now > before, "a turn");
        _clock.Shift(time);
    }

    public void Dispose()
    {
        _isOver = true;
        Assert.That(_thread.Join(Patience), Is.True, "the network ends");
        _begun.Dispose();
        Directory.Delete(Root, recursive: true);
        Assert.That(_failure, Is.Null);
    }

    private void Run()
    {
        try
        {
            using NetworkFolder folder = NetworkFolder.Claim(Options);
            using NetworkLog log = new(folder.Log);
            using EventLoop loop = new(_clock);
            loop.Turn(TimeSpan.Zero);
            using VirtualNetwork network = new(loop, Options, folder, log);
            _network = network;
            _begun.Set();
            while (!_isOver && !loop.StopRequested)
            {
                loop.Turn(TurnTime);
                while (_orders.TryDequeue(out Action? order))
                    order();
            }
        }
#pragma warning disable CA1031 // told by the test's own thread
        catch (Exception failure)
#pragma warning restore CA1031
        {
            _failure = failure;
            _begun.Set();
        }
    }

    private sealed class ShiftedClock : TimeProvider
    {
        private long _shift;

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _shift);

        public void Shift(TimeSpan time) => Interlocked.Add(ref _shift, (long)(time.TotalSeconds * TimestampFrequency));
    }
}
