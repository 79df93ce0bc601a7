namespace Pyco.Bench.Hosts;

/// <summary>Linux's own stack in a network namespace, plugged into the switch with a TAP. Needs root.</summary>
internal sealed class KernelTapHost : IBenchHost, IDisposable
{
    private readonly string _namespace;
    private readonly Child _plug;

    public KernelTapHost(string control, string address)
    {
        Address = address;
        _namespace = $"pyco-bench-{Environment.ProcessId}-{address.Split('.')[^1]}";
        Child.Run("ip", "netns", "add", _namespace);
        _plug = Start("vde_plug", $"vde://{control}", "tap://tap0");
        WaitForTap();
        Ip("link", "set", "lo", "up");
        Ip("addr", "add", $"{address}/24", "dev", "tap0");
        Ip("link", "set", "tap0", "up");
    }

    public string Address { get; }

    public Child Start(params IReadOnlyList<string> command) =>
        Child.Start(["ip", "netns", "exec", _namespace, .. command]);

    public void Dispose()
    {
        _plug.Dispose();
        Child.Run("ip", "netns", "del", _namespace);
    }

    private void WaitForTap()
    {
        for (int attempt = 0; attempt < 100; attempt++)
        {
            using Child look = Child.Start("ip", "-n", _namespace, "link", "show", "tap0");
            if (look.Wait() == 0)
                return;
            Thread.Sleep(20);
        }
        throw new BenchException("vde_plug made no TAP");
    }

    private void Ip(params string[] arguments) => Child.Run(["ip", "-n", _namespace, .. arguments]);
}
