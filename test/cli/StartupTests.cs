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
            Gateway = IpAddress.Parse("10.40.0.1"),
            Network = new VnlLocator("/tmp/a=b/vde.ctl", 7),
            InterfaceName = "eth3",
            Mac = new MacAddress([2, 0, 0, 0, 0, 1]),
            HostName = "web",
            Mtu = 1400,
            CaptureFile = "/tmp/trace.pcapng",
            Verbosity = Verbosity.Verbose,
            Program = ["app"],
        };
        HostOrder order = options.ToOrder(HostCredentials.Create(), 4711);
        string written = order.Write();
        HostOrder read = HostOrder.Read(written);
        Assert.That(read.Write(), Is.EqualTo(written));
        Assert.That(read.Addresses, Is.EqualTo(options.Addresses));
        Assert.That(read.Network, Is.EqualTo(options.Network));
        Assert.That(read.ProgramPid, Is.EqualTo(4711));
        Assert.That(read.Credentials.ToEnvironmentValue(1), Is.EqualTo(order.Credentials.ToEnvironmentValue(1)));
    }

    [TestCase("")]
    [TestCase("credentials")]
    [TestCase("credentials=x\nmac=y\n")]
    public void An_order_that_is_none_is_refused(string text) =>
        Assert.That(() => HostOrder.Read(text), Throws.TypeOf<FormatException>());
}
