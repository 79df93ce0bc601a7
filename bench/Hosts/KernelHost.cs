namespace Pyco.Bench.Hosts;

/// <summary>Linux's own stack in a network namespace.</summary>
internal sealed class KernelHost(NetworkNamespace place, string address) : IBenchHost
{
    public string Address { get; } = address;

    public Child Start(params IReadOnlyList<string> command) =>
        Child.Start(["ip", "netns", "exec", place.Name, .. command]);
}
