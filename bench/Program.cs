using System.CommandLine;
using Pyco.Bench;
using Pyco.Bench.Measures;

IMeasure[] measures =
[
    new Throughput(1), new Throughput(8), new PingPong(), new WebRequests(keepAlive: true), new WebRequests(keepAlive: false),
    new Datagrams(), new StartUp(), new IdleHost(), new ManyHosts(), new HeldConnections(),
];

Argument<string[]> only = new("measure")
{
    Description = "Only these: " + string.Join(", ", measures.Select(measure => measure.Name)),
    Arity = ArgumentArity.ZeroOrMore,
};
only.AcceptOnlyFromAmong([.. measures.Select(measure => measure.Name)]);
Option<int> rounds = Number("--rounds", "How often each measure is taken, all hosts in turn.", 5, 1, 100);
Option<int> seconds = Number("--seconds", "How long each takes.", 2, 1, 30);
Option<int> hosts = Number("--hosts", "How many hosts the largest network has.", 1000, 1, 50_000);
Option<int> connections = Number("--connections", "How many idle connections are held.", 10_000, 1, 100_000);
Option<string> json = new("--json") { Description = "The file for the values.", DefaultValueFactory = _ => "artifacts/bench.json" };
Option<string> programs = new("--programs")
{
    Description = "The folder of the pyco-run and pyco-net to measure.",
    DefaultValueFactory = _ => "artifacts/bin",
};
RootCommand command = new(
    "Measures our hosts on a network of ours and on a stock VDE switch and, for root, the kernel's on veth pairs and on TAPs.")
{
    only, rounds, seconds, hosts, connections, json, programs,
};
command.SetAction(words =>
{
    string[] chosen = words.GetValue(only) is { Length: > 0 } named ? named : [.. measures.Select(measure => measure.Name)];
    BenchOptions options = new()
    {
        Rounds = words.GetValue(rounds),
        Seconds = words.GetValue(seconds),
        Hosts = words.GetValue(hosts),
        Connections = words.GetValue(connections),
        Programs = Path.GetFullPath(words.GetRequiredValue(programs)),
    };
    if (!Environment.IsPrivilegedProcess)
        Console.Error.WriteLine("bench: not root: the kernel's hosts cannot be made, so nothing is compared with them");
    return Bench.Run([.. measures.Where(measure => chosen.Contains(measure.Name))], options, words.GetRequiredValue(json));
});
return command.Parse(args).Invoke();

static Option<int> Number(string name, string description, int value, int least, int most)
{
    Option<int> option = new(name) { Description = description, DefaultValueFactory = _ => value };
    option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int>() is int number && (number < least || number > most))
            result.AddError($"{name} takes a number from {least} to {most}");
    });
    return option;
}
