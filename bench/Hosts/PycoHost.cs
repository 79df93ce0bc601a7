namespace Pyco.Bench.Hosts;

/// <summary>Our host: <c>pyco-run</c> for each program.</summary>
internal sealed class PycoHost(string pycoRun, string control, string address) : IBenchHost
{
    public string Address { get; } = address;

    public Child Start(params IReadOnlyList<string> command) =>
        Child.Start([pycoRun, "-q", "-a", Address, "-f", control, "--", .. command]);
}
