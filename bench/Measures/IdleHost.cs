using System.Globalization;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>What a host costs whose program does nothing.</summary>
internal sealed class IdleHost : IMeasure
{
    /// <summary>The kernel counts a process's time in hundredths of a second (USER_HZ).</summary>
    private const double TicksPerSecond = 100;

    public string Name => "idle";

    public IReadOnlyList<Figure> Run(Laboratory laboratory)
    {
        Figure memory = new("idle host, resident memory", "MB", Bar.AtMost(30));
        Figure processor = new("  processor time", "%", Bar.AtMost(0));
        Figure wakes = new("  wake-ups", "1/s");
        using Child program = laboratory.Ours.Server.Start("sleep", "600");
        int host = HostOf(program);
        Thread.Sleep(1000); // the last probe and announcements of its address have gone
        for (int round = 0; round < laboratory.Rounds; round++)
        {
            (double time, double switches) = Look(host);
            Thread.Sleep(laboratory.Seconds * 1000);
            (double laterTime, double laterSwitches) = Look(host);
            memory.Ours.Add(Status(host, "VmRSS:") * 1024 / 1e6);
            processor.Ours.Add(100 * (laterTime - time) / laboratory.Seconds);
            wakes.Ours.Add((laterSwitches - switches) / laboratory.Seconds);
        }
        return [memory, processor, wakes];
    }

    /// <summary>The program's environment names its host: PYCO_HOST=ID:SECRET:MARK:PID.</summary>
    private static int HostOf(Child program)
    {
        for (int attempt = 0; attempt < 100; attempt++)
        {
            if (program.HasEnded)
                _ = program.Succeed();
            string? entry = File.ReadAllText($"/proc/{program.Id}/environ").Split('\0')
                .FirstOrDefault(entry => entry.StartsWith("PYCO_HOST=", StringComparison.Ordinal));
            if (entry is not null)
                return int.Parse(entry.Split(':')[^1], CultureInfo.InvariantCulture);
            Thread.Sleep(20);
        }
        throw new BenchException("the program has no stack host");
    }

    private static (double Seconds, double Switches) Look(int process)
    {
        string stat = File.ReadAllText($"/proc/{process}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double ticks = double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
        return (ticks / TicksPerSecond, Status(process, "voluntary_ctxt_switches:"));
    }

    private static double Status(int process, string name)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
