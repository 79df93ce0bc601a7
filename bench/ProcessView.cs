using System.Globalization;

namespace Pyco.Bench;

/// <summary>What the kernel tells of a process.</summary>
internal sealed class ProcessView(int id)
{
    public int Id { get; } = id;

    public bool IsAlive => Directory.Exists($"/proc/{Id}") && Fields()[0] != "Z";

    public double ResidentOctets => Status("VmRSS:") * 1024;

    /// <summary>How often it slept.</summary>
    public double Sleeps => Status("voluntary_ctxt_switches:");

    /// <summary>In hundredths of a second (USER_HZ).</summary>
    public double ProcessorTicks
    {
        get
        {
            string[] fields = Fields();
            return double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
        }
    }

    /// <summary>In nanoseconds, of the threads that there are.</summary>
    public double ProcessorNanoseconds => Directory.EnumerateDirectories($"/proc/{Id}/task")
        .Sum(thread => double.Parse(File.ReadAllText($"{thread}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>From the third on: the second is the name, which may have blanks in it.</summary>
    private string[] Fields()
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{Id}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            throw new BenchException($"process {Id} has ended");
        }
    }

    private double Status(string name)
    {
        string line = File.ReadLines($"/proc/{Id}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
