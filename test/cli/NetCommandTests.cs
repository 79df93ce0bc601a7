using System.CommandLine;
using Pyco.Cli.Net;
using Pyco.Cli.Startup;
using Pyco.Network.Capture;
using Pyco.Stack.Wire;

namespace Pyco.Cli.Tests;

/// <summary>What pyco-net understands, and what it says when it does not.</summary>
internal sealed class NetCommandTests
{
    [TestCase("say what to do")]
    [TestCase("there is no command 'bogus'", "bogus")]
    [TestCase("unknown option '--bogus'", "status", "--bogus")]
    [TestCase("'two' is one word too many", "status", "one", "two")]
    [TestCase("say where to write", "capture", "/no/network")]
    [TestCase("cannot both be given", "capture", "/no/network", "-w", "x", "--port", "3", "--host", "10.40.0.32")]
    [TestCase("'0' is not a port of the network", "capture", "/no/network", "-w", "x", "--port", "0")]
    [TestCase("'fd00::1' is not an address", "capture", "/no/network", "-w", "x", "--host", "fd00::1")]
    [TestCase("-w needs FILE behind it (-h helps)", "capture", "/no/network", "-w")]
    [TestCase("--set needs SPEC behind it (-h helps)", "link", "/no/network", "--set")]
    [TestCase("-d is given twice (-h helps)", "ps", "/no/network", "-d", "1", "-d", "2")]
    [TestCase("--subnet= needs SUBNET behind it (-h helps)", "start", "/no/network", "--subnet=", "--hub")]
    [TestCase("'/no/network[3]' names port 3 of /no/network: name the network alone (-h helps)", "start", "/no/network[3]")]
    [TestCase("'/no/network:3' names port 3 of /no/network: name the network alone (-h helps)", "ps", "/no/network:3")]
    [TestCase("there is no command 'bogus' (-h helps)", "help", "bogus")]
    [TestCase("'x' is not an MTU: a number from 68 to 9000 (-h helps)", "start", "/no/network", "--mtu", "x")]
    [TestCase("are for networks with --nat (-h helps)", "start", "/no/network", "--no-dhcp")]
    [TestCase("a path is empty or has a line break in it", "start", "/no/net\nwork")]
    [TestCase("a path is empty or has a line break in it", "start", "/no/network", "--mgmt", "/no/net\nwork")]
    [TestCase("a path is empty or has a line break in it", "start", "/no/network", "--mgmt", "")]
    [TestCase("'here' is not an address", "capture", "/no/network", "-w", "x", "--host", "here")]
    [TestCase("'-1' is not a number of frames", "capture", "/no/network", "-w", "x", "-c", "-1")]
    [TestCase("'0' is not a number of octets", "capture", "/no/network", "-w", "x", "--snaplen", "0")]
    [TestCase("no network runs at /no/network", "capture", "/no/network", "-w", "x")]
    [TestCase("no network runs at /no/network", "ps", "/no/network")]
    [TestCase("'0.01' is not a time in seconds: a number from 0.1 to 86400", "top", "/no/network", "-d", "0.01")]
    [TestCase("'x' is not a time in seconds", "ps", "/no/network", "-d", "x")]
    [TestCase("'0' is not how often to look", "top", "/no/network", "-n", "0")]
    [TestCase("'many' is not a number of lines", "log", "/no/network", "-n", "many")]
    [TestCase("'10.40.0.1' is not a subnet", "start", "/no/network", "--subnet", "10.40.0.1")]
    [TestCase("hosts cannot have addresses of 127.0.0.0/8", "start", "/no/network", "--subnet", "127.0.0.0/8")]
    [TestCase("hosts cannot have addresses of 224.0.0.0/24", "start", "/no/network", "--subnet", "224.0.0.0/24")]
    [TestCase("10.40.0.0 is the network's own address of 10.40.0.0/24", "start", "/no/network", "--tap", "vde0,10.40.0.0/24")]
    [TestCase("127.0.0.1 cannot be the address of a host", "start", "/no/network", "--tap", "vde0,127.0.0.1/8")]
    public void A_wrong_command_line_is_told_in_one_line(string expected, params string[] arguments)
    {
        LaunchException failure = Assert.Throws<LaunchException>(() => Command().Run(arguments))!;
        Assert.That(failure.Message, Does.Contain(expected).And.Not.Contain("\n"));
        Assert.That(failure.ExitStatus, Is.EqualTo(125));
    }

    [Test]
    public void Who_wants_to_stop_a_network_is_not_told_to_start_it() =>
        Assert.That(
            () => Command().Run(["stop", "/no/network"]),
            Throws.TypeOf<LaunchException>().With.Message.EqualTo("no network runs at /no/network"));

    [Test]
    public void A_capture_is_of_the_whole_network_unless_told_otherwise()
    {
        CaptureOptions options = ReadCapture("capture", "-w", "-");
        Assert.That(options, Is.EqualTo(new CaptureOptions()));
        Assert.That(options.IsOnePort, Is.False);
    }

    [Test]
    public void What_a_capture_was_told_reaches_the_network()
    {
        CaptureOptions options = ReadCapture("capture", "-w", "x", "--host", "10.40.0.32", "-c", "7", "--snaplen", "96");
        Assert.That(options, Is.EqualTo(new CaptureOptions { Host = IpAddress.Parse("10.40.0.32"), Count = 7, SnapLength = 96 }));
        Assert.That(CaptureOptions.Read(new("capture", options.Write())), Is.EqualTo(options));
    }

    [Test]
    public void The_help_has_every_command_and_each_command_s_help_every_option()
    {
        RootCommand root = Command().Root;
        string all = NetHelp.Of("pyco-net", root, root);
        Assert.That(all, Does.StartWith("Usage: pyco-net COMMAND").And.Contain("Examples:"));
        foreach (Command command in root.Subcommands)
        {
            Assert.That(all, Does.Contain($"\n  {command.Name} "));
            string help = NetHelp.Of("pyco-net", root, command);
            foreach (Option option in command.Options)
                Assert.That(help, Does.Contain(option.Name));
            Assert.That(help.Split('\n').Select(line => line.Length).Max(), Is.LessThan(120));
        }
    }

    [Test]
    public void Every_command_that_tells_something_can_tell_it_in_JSON() =>
        Assert.That(
            Command().Root.Subcommands.Where(command => command.Options.All(option => option.Name != "--json")).Select(command => command.Name),
            Is.EqualTo(new[] { "capture" }));

    [Test]
    public void The_manual_page_has_every_command_and_option()
    {
        string? folder = TestContext.CurrentContext.TestDirectory;
        while (!File.Exists($"{folder}/PycoShim.sln"))
            folder = Path.GetDirectoryName(folder);
        string page = File.ReadAllText($"{folder}/docs/man/pyco-net.1");
        foreach (Command command in Command().Root.Subcommands)
        {
            Assert.That(page, Does.Contain($"\n.It Cm {command.Name}"));
            foreach (Option option in command.Options)
                Assert.That(page, Does.Contain($"Fl {option.Name[1..]}"), command.Name);
        }
    }

    private static NetCommand Command() => new(new ProgramEnvironment([]), "pyco-net");

    private static CaptureOptions ReadCapture(params string[] arguments)
    {
        NetCapture capture = new();
        RootCommand root = new() { capture.Command };
        return capture.ReadOptions(root.Parse(arguments));
    }
}
