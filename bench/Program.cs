using System.CommandLine;
using Pyco.Bench;
using Pyco.Bench.Measures;
using Pyco.Bench.Report;

IMeasure[] measures =
[
    new Throughput(1), new Throughput(8), new PingPong(), new WebRequests(keepAlive: true), new WebRequests(keepAlive: false),
    new StartUp(), new IdleHost(),
];

Argument<string[]> only = new("measure")
{
    Description = "Only these: " + string.Join(", ", measures.Select(measure => measure.Name)),
    Arity = ArgumentArity.ZeroOrMore,
};
only.AcceptOnlyFromAmong([.. measures.Select(measure => measure.Name)]);
Option<int> rounds = new("--rounds") { Description = "How often each measure is taken, in turn with the kernel's.", DefaultValueFactory = _ => 5 };
Option<int> seconds = new("--seconds") { Description = "How long each takes.", DefaultValueFactory = _ => 3 };
Option<string> json = new("--json") { Description = "The file for the values.", DefaultValueFactory = _ => "artifacts/bench.json" };
Option<string> program = new("--pyco-run") { Description = "The launcher to measure.", DefaultValueFactory = _ => "artifacts/bin/pyco-run" };
RootCommand command = new("Measures our hosts and, for root, the kernel's (a namespace with a TAP) on one stock VDE switch.")
{
    only, rounds, seconds, json, program,
};
command.SetAction(words =>
{
    string[] chosen = words.GetValue(only) is { Length: > 0 } named ? named : [.. measures.Select(measure => measure.Name)];
    if (!Environment.IsPrivilegedProcess)
        Console.Error.WriteLine("bench: not root: the kernel's hosts cannot be made, so nothing is compared");
    try
    {
        using Laboratory laboratory = new(
            Path.GetFullPath(words.GetRequiredValue(program)), words.GetValue(rounds), words.GetValue(seconds));
        List<Figure> figures = [];
        foreach (IMeasure measure in measures.Where(measure => chosen.Contains(measure.Name)))
        {
            Console.Error.WriteLine($"bench: {measure.Name}");
            figures.AddRange(measure.Run(laboratory));
        }
        FigureTable.Write(figures);
        FigureFile.Write(words.GetRequiredValue(json), figures, laboratory);
        return 0;
    }
    catch (BenchException failure)
    {
        Console.Error.WriteLine($"bench: {failure.Message}");
        return 1;
    }
});
return command.Parse(args).Invoke();
