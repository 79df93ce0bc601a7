namespace Pyco.Integration.Tests.Support;

/// <summary>
/// A network with a way out, in a namespace that is its whole outside: there is one machine, 192.0.2.1, which is the
/// kernel of the namespace itself.
/// </summary>
internal abstract class GatewayTest : NetworkTest
{
    protected const string Outside = "192.0.2.1";

    private static int Made;
    private readonly List<string> _namespaces = [];
    private string _outer = "";

    protected string Control => $"{Folder}/net";

    [SetUp]
    public void MakeOutside()
    {
        _outer = NewNamespace();
        Start("ip", "-n", _outer, "addr", "add", $"{Outside}/32", "dev", "lo").Succeed();
    }

    [TearDown]
    public void EndOutside()
    {
        foreach (string name in _namespaces)
            Start("ip", "netns", "del", name).WaitForExit(); // lives on in its last process
        _namespaces.Clear();
    }

    /// <summary>Starts the network; what it prints.</summary>
    protected string StartNetwork(params IEnumerable<string> words) =>
        AtOutside(Repository.PycoNet, ["start", Control, "--nat", .. words]).Succeed();

    /// <summary>Starts a program of the outside.</summary>
    protected RunningProgram AtOutside(string file, params IEnumerable<string> words) =>
        Start("ip", ["netns", "exec", _outer, file, .. words]);

    /// <summary>Starts a program as a host of the network. The network's sockets are those of its namespace.</summary>
    protected RunningProgram RunHost(params IEnumerable<string> command) =>
        AtOutside(Repository.PycoRun, ["-f", Control, "--", .. command]);

    /// <summary>Plugs a machine with Linux's own stack into the network, which has no address yet; its namespace.</summary>
    protected string PlugKernelHost()
    {
        string name = NewNamespace();
        RunningProgram plug = Start("ip", "netns", "exec", name, "vde_plug", $"vde://{Control}", "tap://tap0");
        Eventually.True(
            () => plug.HasExited || Start("ip", "-n", name, "link", "show", "tap0").WaitForExit() == 0, () => "the TAP");
        Start("ip", "-n", name, "link", "set", "tap0", "up").Succeed();
        return name;
    }

    protected void GiveAddress(string kernelHost, string address)
    {
        Start("ip", "-n", kernelHost, "addr", "add", $"{address}/24", "dev", "tap0").Succeed();
        Start("ip", "-n", kernelHost, "route", "add", "default", "via", "10.40.0.1").Succeed();
    }

    protected RunningProgram AtKernelHost(string kernelHost, params IEnumerable<string> command) =>
        Start("ip", ["netns", "exec", kernelHost, .. command]);

    /// <summary>Lets the kernel of the outside send echo requests for plain users, or not.</summary>
    protected void PermitPing(bool isPermitted) =>
        AtOutside("sysctl", "-qw", $"net.ipv4.ping_group_range={(isPermitted ? "0 0" : "1 0")}").Succeed();

    /// <summary>Serves the folder at port 8000 of the outside.</summary>
    protected void ServeFolder()
    {
        RunningProgram server = AtOutside(Programs.Python, "-u", "-m", "http.server", "8000", "--bind", Outside);
        server.WaitForOutput("Serving HTTP");
    }

    protected string WriteRandom(string name, int octets)
    {
        byte[] content = new byte[octets];
        TestContext.CurrentContext.Random.NextBytes(content);
        string path = $"{Folder}/{name}";
        File.WriteAllBytes(path, content);
        return path;
    }

    private string NewNamespace()
    {
        string name = $"pyco-gw-{Environment.ProcessId}-{Interlocked.Increment(ref Made)}";
        Start("ip", "netns", "add", name).Succeed();
        _namespaces.Add(name);
        Start("ip", "-n", name, "link", "set", "lo", "up").Succeed();
        return name;
    }
}
