using System.Text;
using Pyco.Cli.Run;
using Pyco.Cli.Startup;
using Pyco.Host;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Cli.Tests;

/// <summary>What is handed over: environment, arguments, and the host's order.</summary>
internal sealed class StartupTests
{
    [Test]
    public void Octets_that_are_no_text_survive()
    {
        List<byte[]> strings = ProcessImage.Split([0x41, 0xff, 0, 0, 0x42, 0]);
        Assert.That(strings, Is.EqualTo(new byte[][] { [0x41, 0xff], [], [0x42] }));
    }

    [TestCase("", "/lib/libpyco.so")]
    [TestCase("LD_PRELOAD=libm.so.6", "/lib/libpyco.so:libm.so.6")]
    [TestCase("LD_PRELOAD=/lib/libpyco.so:libm.so.6", "/lib/libpyco.so:libm.so.6")]
    [TestCase("LD_PRELOAD=/lib/libpyco.so.old", "/lib/libpyco.so:/lib/libpyco.so.old")]
    public void Our_library_is_preloaded_first_and_once(string variable, string expected)
    {
        ProgramEnvironment environment = new(variable.Length == 0 ? [] : [Encoding.UTF8.GetBytes(variable)]);
        environment.Preload("/lib/libpyco.so");
        Assert.That(Encoding.UTF8.GetString(environment.Get("LD_PRELOAD")), Is.EqualTo(expected));
    }

    [Test]
    public void Only_the_variable_of_that_name_is_set_or_removed()
    {
        ProgramEnvironment environment = new([.. new[] { "AB=1", "A=2", "A=3", "NONSENSE" }.Select(Encoding.UTF8.GetBytes)]);
        environment.Set("A", "4");
        Assert.That(environment.Variables.Select(Encoding.UTF8.GetString), Is.EqualTo(new[] { "AB=1", "A=4", "A=3", "NONSENSE" }));
        environment.Remove("A");
        Assert.That(environment.Variables.Select(Encoding.UTF8.GetString), Is.EqualTo(new[] { "AB=1", "NONSENSE" }));
    }

    [Test]
    public void The_host_reads_its_order_as_it_was_written()
    {
        RunOptions options = new()
        {
            Addresses = [new(IpAddress.Parse("10.40.0.32"), 24), new(IpAddress.Parse("192.168.7.1"), 30)],
            WithoutLength = [IpAddress.Parse("192.168.7.1")],
            Gateway = IpAddress.Parse("10.40.0.1"),
            Network = new VnlLocator("/tmp/a=b/vde.ctl", 7),
            InterfaceName = "eth3",
            Mac = new MacAddress([2, 0, 0, 0, 0, 1]),
            HostName = "web",
            NameServers = [new IpEndpoint(IpAddress.Parse("10.40.0.1"), 53), new IpEndpoint(IpAddress.Parse("10.40.0.2"), 5353)],
            SearchDomains = ["example.org", "example.net"],
            Mtu = 1400,
            CaptureFile = "/tmp/trace.pcapng",
            Verbosity = Verbosity.Verbose,
            Program = ["app"],
        };
        HostOrder order = options.ToOrder(HostCredentials.Create(), 4711) with { SharedAs = "pyco-host-1" };
        string written = order.Write();
        HostOrder read = HostOrder.Read(written);
        Assert.That(read.Write(), Is.EqualTo(written));
        Assert.That(read.Addresses, Is.EqualTo(options.Addresses));
        Assert.That(read.WithoutLength, Is.EqualTo(options.WithoutLength));
        Assert.That(read.Network, Is.EqualTo(options.Network));
        Assert.That(read.HostName, Is.EqualTo("web"));
        Assert.That(read.NameServers, Is.EqualTo(options.NameServers));
        Assert.That(read.SearchDomains, Is.EqualTo(options.SearchDomains));
        Assert.That(read.ProgramPid, Is.EqualTo(4711));
        Assert.That(read.SharedAs, Is.EqualTo("pyco-host-1"));
        Assert.That(read.Credentials.ToEnvironmentValue(1), Is.EqualTo(order.Credentials.ToEnvironmentValue(1)));
    }

    [TestCase("hostname=web", true)]
    [TestCase("hostname=a b", false)]
    [TestCase("hostname=\u001b[31m", false)]
    [TestCase("hostname=", false)]
    [TestCase("hostname=10.1.2.3", false)]
    [TestCase("search=example.org", true)]
    [TestCase("search=a b", false)]
    [TestCase("dns=10.40.0.1:53", true)]
    [TestCase("dns=somebody", false)]
    public void What_a_joiner_says_of_names_is_checked(string line, bool isTaken)
    {
        string order = new RunOptions { Addresses = [], Network = new VnlLocator("/tmp/net"), Program = ["app"] }
            .ToOrder(HostCredentials.Create(), 4711).Write() + line + "\n";
        Assert.That(() => HostOrder.Read(order), isTaken ? Throws.Nothing : Throws.TypeOf<FormatException>());
    }

    [TestCase("web", true)]
    [TestCase("web-1", true)]
    [TestCase("web_1", false)]
    [TestCase("web.example.org", false)]
    [TestCase("localhost", false)]
    [TestCase("LocalHost", false)]
    [TestCase("4711", false)]
    [TestCase("-a", false)]
    [TestCase("", false)]
    public void A_name_that_may_be_somebody_else_s_is_not_known_to_other_hosts(string name, bool isKnown) =>
        Assert.That(HostNames.IsKnownToOthers(name), Is.EqualTo(isKnown));

    [TestCase("")]
    [TestCase("credentials")]
    [TestCase("credentials=x\nmac=y\n")]
    public void An_order_that_is_none_is_refused(string text) =>
        Assert.That(() => HostOrder.Read(text), Throws.TypeOf<FormatException>());
}
