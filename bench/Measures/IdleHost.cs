using System.Globalization;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>What a host of its own process, on a stock switch, costs whose program does nothing.</summary>
internal sealed class IdleHost : IMeasure
{
    /// <summary>The kernel counts a process's time in hundredths of a second (USER_HZ).</summary>
    private const double TicksPerSecond = 100;

    public string Name => "idle";

    public IReadOnlyList<Figure> Run(Laboratory laboratory)
    {
        Figure memory = new("idle host, resident memory", "MB", Bar.AtMost(Subject.Stock, 30));
        Figure processor = new("  processor time", "%", Bar.AtMost(Subject.Stock, 0));
        Figure wakes = new("  wake-ups", "1/s");
        using Child program = laboratory[Subject.Stock].Server.Start("sleep", "600");
        ProcessView host = HostOf(program);
        Interruption.Sleep(TimeSpan.FromSeconds(1)); // the last probe and announcements of its address have gone
        for (int round = 0; round < laboratory.Options.Rounds; round++)
        {
            (double time, double sleeps) = (host.ProcessorTicks, host.Sleeps);
            Interruption.Sleep(TimeSpan.FromSeconds(laboratory.Options.Seconds));
            memory.Add(Subject.Stock, host.ResidentOctets / 1e6);
            processor.Add(Subject.Stock, 100 * (host.ProcessorTicks - time) / TicksPerSecond / laboratory.Options.Seconds);
            wakes.Add(Subject.Stock, (host.Sleeps - sleeps) / laboratory.Options.Seconds);
        }
        return [memory, processor, wakes];
    }

    /// <summary>The program's environment names its host: PYCO_HOST=ID:SECRET:MARK:PID.</summary>
    private static ProcessView HostOf(Child program)
    {
        for (int attempt = 0; attempt < 100; attempt++)
        {
            if (program.HasEnded)
                _ = program.Succeed();
            string? entry = File.ReadAllText($"/proc/{program.Id}/environ").Split('\0')
                .FirstOrDefault(entry => entry.StartsWith("PYCO_HOST=", StringComparison.Ordinal));
            if (entry is not null)
                return new ProcessView(int.Parse(entry.Split(':')[^1], CultureInfo.InvariantCulture));
            Interruption.Sleep(TimeSpan.FromMilliseconds(20));
        }
        throw new BenchException("the program has no stack host");
    }
}
