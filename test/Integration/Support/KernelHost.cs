namespace Pyco.Integration.Tests.Support;

/// <summary>The host that ours has to get along with: Linux's own stack in a network namespace, its TAP in the same switch.</summary>
internal sealed class KernelHost
{
    private static int Made;
    private readonly Wire _wire;
    private readonly string _namespace;

    private KernelHost(Wire wire)
    {
        _wire = wire;
        _namespace = $"pyco-it-{Environment.ProcessId}-{Interlocked.Increment(ref Made)}";
        Address = wire.FreshAddress();
    }

    public string Address { get; }

    /// <summary>Plugs a new one into the wire, which also ends it.</summary>
    /// <param name="wire">The wire.</param>
    /// <param name="plugCommand">What makes tap0 and plugs it in; vde_plug by default.</param>
    public static KernelHost On(Wire wire, params string[] plugCommand)
    {
        if (plugCommand.Length == 0)
            plugCommand = ["vde_plug", $"vde://{wire.Control}", "tap://tap0"];
        var host = new KernelHost(wire);
        wire.AtEnd(host.DeleteNamespace);
        wire.Start("ip", "netns", "add", host._namespace).Succeed();
        RunningProgram plug = host.Run(plugCommand);
        Eventually.True(
            () => plug.HasExited || wire.Start("ip", "-n", host._namespace, "link", "show", "tap0").WaitForExit() == 0,
            () => "the TAP");
        if (plug.HasExited)
            throw new AssertionException($"There is no TAP:\n{plug.Transcript}");
        host.Ip("link", "set", "lo", "up");
        host.Ip("addr", "add", $"{host.Address}/24", "dev", "tap0");
        host.Ip("link", "set", "tap0", "up");
        return host;
    }

    /// <summary>
    /// Makes a bridge of its host: on one side the TAP, to which a group goes only while a member behind it is known by IGMP, on the
    /// other the host itself with its address.
    /// </summary>
    public void BecomeSnoopingBridge()
    {
        // The bridge asks for members itself, and believes that it knows them all after the time for answers (in hundredths of a second).
        Ip("link", "add", "bridge0", "type", "bridge", "mcast_query_response_interval", "10");
        Ip("link", "add", "port0", "type", "veth", "peer", "name", "eth0");
        Ip("addr", "flush", "dev", "tap0");
        Ip("addr", "add", $"{Address}/24", "dev", "eth0");
        Ip("link", "set", "tap0", "master", "bridge0");
        Ip("link", "set", "port0", "master", "bridge0");
        Run("bridge", "link", "set", "dev", "tap0", "mcast_flood", "off").Succeed();
        foreach (string device in new[] { "port0", "eth0", "bridge0" })
            Ip("link", "set", device, "up");
        Ip("link", "set", "bridge0", "type", "bridge", "mcast_querier", "1");
    }

    /// <summary>Starts a program there.</summary>
    public RunningProgram Run(params IEnumerable<string> command) =>
        _wire.Start("ip", ["netns", "exec", _namespace, .. command]);

    private void Ip(params IEnumerable<string> arguments) =>
        _wire.Start("ip", ["-n", _namespace, .. arguments]).Succeed();

    /// <summary>The namespace lives on in its last process, until the wire has ended those too.</summary>
    private void DeleteNamespace()
    {
        using var end = RunningProgram.Start("ip", ["netns", "del", _namespace], "/");
        end.WaitForExit();
    }
}
