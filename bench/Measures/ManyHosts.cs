using System.Globalization;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>A network with many hosts: that each of their web servers answers, what a host costs, and how the cost of the
/// same load grows with them.</summary>
internal sealed class ManyHosts : IMeasure
{
    public string Name => "hosts";

    public IReadOnlyList<Figure> Run(Laboratory laboratory)
    {
        int most = laboratory.Options.Hosts;
        int[] sizes = [.. new[] { most / 100, most / 10, most }.Where(size => size > 0)];
        Figure answers = new("web servers that answer, each on its own host", "hosts", Bar.AtLeast(Subject.Own, most));
        Figure memory = new("  memory of the network's process, each", "KB", Bar.AtMost(Subject.Own, 300, 64));
        Figure start = new("  until all have started", "s");
        Figure end = new("  until all have left, ended at once", "s");
        Figure[] costs = [.. sizes.Select(size => new Figure($"network's time for a request, {Text(size)} hosts", "us"))];
        Figure[] growths =
        [
            .. sizes.Skip(1).Select(size => new Figure(
                $"  growth from {Text(sizes[0])} to {Text(size)} hosts", "×", Bar.AtMost(Subject.Own, 1.3, 1.1))),
        ];
        List<CrowdedNetwork> networks = [];
        try
        {
            foreach (int size in sizes)
                networks.Add(new CrowdedNetwork(laboratory, size));
            CrowdedNetwork largest = networks[^1];
            answers.Add(Subject.Own, largest.Answered);
            memory.Add(Subject.Own, largest.OctetsForHost / 1e3);
            start.Add(Subject.Own, largest.StartTime.TotalSeconds);
            for (int round = 0; round < laboratory.Options.Rounds; round++)
            {
                double[] times = [.. networks.Select(network => network.TimeForRequest())];
                for (int index = 0; index < times.Length; index++)
                {
                    costs[index].Add(Subject.Own, times[index] / 1e3);
                    if (index > 0)
                        growths[index - 1].Add(Subject.Own, times[index] / times[0]);
                }
            }
            end.Add(Subject.Own, largest.EndServers().TotalSeconds);
        }
        finally
        {
            networks.ForEach(network => network.Dispose());
        }
        return [answers, memory, start, end, .. costs, .. growths];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
