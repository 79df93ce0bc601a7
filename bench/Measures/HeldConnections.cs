using System.Globalization;
using Pyco.Bench.Hosts;
using Pyco.Bench.Report;

namespace Pyco.Bench.Measures;

/// <summary>Many idle TCP connections into one host of a network of ours, and what they cost its process.</summary>
/// <remarks>
/// From a host of the kernel's on the same network (root), so that our process has one end of each; and from other hosts
/// of ours, so that it has both.
/// </remarks>
internal sealed class HeldConnections : IMeasure
{
    private const int Clients = 4;
    private const int Port = 7001;

    /// <summary>Descriptors of a process beyond those of connections.</summary>
    private const int OtherFiles = 500;

    public string Name => "held";

    public IReadOnlyList<Figure> Run(Laboratory laboratory)
    {
        bool canBeKernel = Environment.IsPrivilegedProcess;
        return
        [
            .. canBeKernel ? Hold(laboratory, isFromKernel: true, hasBar: true) : [],
            .. Hold(laboratory, isFromKernel: false, hasBar: !canBeKernel),
        ];
    }

    private static Figure[] Hold(Laboratory laboratory, bool isFromKernel, bool hasBar)
    {
        int ends = isFromKernel ? 1 : 2;
        int wanted = laboratory.Options.Connections;
        int files = OpenFiles.Get((ends * wanted) + OtherFiles);
        int count = Math.Min(wanted, (files - OtherFiles) / ends);
        if (count < wanted)
            Console.Error.WriteLine($"only {count} connections with both ends: the limit of open files allows no more");
        Figure alive = new(
            $"idle connections from {(isFromKernel ? "outside" : "own hosts")} into one host", "", Bar.AtLeast(Subject.Own, count));
        Figure memory = new(
            $"  memory of the network's process, each ({(isFromKernel ? "one end" : "both ends")})",
            "KB",
            hasBar ? [Bar.AtMost(Subject.Own, 12, 4)] : []);
        string path = Path.Combine(laboratory.Folder, $"held{ends}");
        string program = laboratory.Tools.Get("hold");
        using OwnNetwork network = new(laboratory.Options, path, "10.50.0.0/24", files);
        using KernelTaps? outside = isFromKernel ? new KernelTaps(path, "10.50.0.") : null;
        PycoHost server = new(laboratory.Options.PycoRun, path, "10.50.0.100");
        IBenchHost[] clients =
        [
            .. Enumerable.Range(0, Clients).Select(client =>
                outside?.Pair.Client ?? new PycoHost(laboratory.Options.PycoRun, path, $"10.50.0.{client + 101}")),
        ];
        using Child holder = Child.Start(OpenFiles.Allow(files, server.Command(program, "server", server.Address, Text(Port))));
        new HostPair(server, clients[0]).WaitUntilListening(Port);
        double before = network.Process.ResidentOctets;
        List<Child> holders = [];
        try
        {
            for (int client = 0; client < Clients; client++)
            {
                int share = (count * (client + 1) / Clients) - (count * client / Clients);
                holders.Add(clients[client].Start(program, "client", server.Address, Text(Port), Text(share)));
            }
            double held = holders.Sum(holder => Number(holder.WaitForLine("held ")));
            Interruption.Sleep(TimeSpan.FromSeconds(1));
            memory.Add(Subject.Own, (network.Process.ResidentOctets - before) / held / 1e3);
            holders.ForEach(holder => holder.Tell(""));
            alive.Add(Subject.Own, holders.Sum(holder => Number(holder.WaitForLine("alive "))));
        }
        finally
        {
            holders.ForEach(holder => holder.Dispose());
        }
        return [alive, memory];
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
