namespace Pyco.Bench.Hosts;

/// <summary>Our host: <c>pyco-run</c> for each program.</summary>
internal sealed class PycoHost(string pycoRun, string control, string address) : IBenchHost
{
    public string Address { get; } = address;

    public Child Start(params IReadOnlyList<string> command) => Child.Start(Command(command));

    /// <summary>What runs a command there.</summary>
    public IReadOnlyList<string> Command(params IReadOnlyList<string> command) =>
        [pycoRun, "-q", "-a", Address, "-f", control, "--", .. command];
}
