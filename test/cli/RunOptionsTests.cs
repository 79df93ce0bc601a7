using Pyco.Cli.Run;
using Pyco.Host;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Cli.Tests;

/// <summary>What pyco-run understands, and what it says when it does not.</summary>
internal sealed class RunOptionsTests
{
    private const string RuntimeFolder = "/tmp/pyco-test";

    [Test]
    public void An_address_alone_means_a_24_bit_network()
    {
        RunOptions options = Read("-a", "10.40.0.32", "-f", "/tmp/vde.ctl", "--", "true");
        Assert.That(options.Addresses, Is.EqualTo(new[] { new IpPrefix(IpAddress.Parse("10.40.0.32"), 24) }));
        Assert.That(options.Network, Is.EqualTo(new VnlLocator("/tmp/vde.ctl")));
        Assert.That(options.InterfaceName, Is.EqualTo("vde0"));
        Assert.That(options.Program, Is.EqualTo(new[] { "true" }));
    }

    [Test]
    public void All_options_have_a_long_form()
    {
        RunOptions options = Read(
            "--address", "10.40.0.32/16", "--address=192.168.7.1", "--netmask", "255.255.255.128", "--gateway", "10.40.9.1",
            "--network", "vde:///tmp/s[3]", "--interface", "eth0", "--mac", "02:00:0a:28:00:20", "--hostname", "web",
            "--dns", "10.40.0.1", "--dns=192.0.2.53:5353", "--dns-search", "example.org", "--mtu", "1400", "--publish", "8080:80", "--publish=5353:53/udp", "--pcap", "/tmp/t.pcapng", "--process", "own", "--verbose", "./app");
        Assert.That(options.Addresses[0].Length, Is.EqualTo(16));
        Assert.That(options.Addresses[1].Length, Is.EqualTo(25));
        Assert.That(options.Gateway, Is.EqualTo(IpAddress.Parse("10.40.9.1")));
        Assert.That(options.Network, Is.EqualTo(new VnlLocator("/tmp/s", 3)));
        Assert.That(options.InterfaceName, Is.EqualTo("eth0"));
        Assert.That(options.Mac?.ToString(), Is.EqualTo("02:00:0a:28:00:20"));
        Assert.That(options.HostName, Is.EqualTo("web"));
        Assert.That(options.NameServers.Select(server => $"{server}"), Is.EqualTo(new[] { "10.40.0.1:53", "192.0.2.53:5353" }));
        Assert.That(options.SearchDomains, Is.EqualTo(new[] { "example.org" }));
        Assert.That(options.Mtu, Is.EqualTo(1400));
        Assert.That(options.Published.Select(port => $"{port}"), Is.EqualTo(new[] { "127.0.0.1:8080:80/tcp", "127.0.0.1:5353:53/udp" }));
        Assert.That(options.CaptureFile, Is.EqualTo("/tmp/t.pcapng"));
        Assert.That(options.SharesProcess, Is.False);
        Assert.That(options.Verbosity, Is.EqualTo(Verbosity.Verbose));
    }

    [Test]
    public void Everything_from_the_first_word_that_is_no_option_belongs_to_the_program() =>
        Assert.That(
            Read("-a", "10.40.0.32", "grep", "-v", "-a", "x", "--", "--mtu", "@file").Program,
            Is.EqualTo(new[] { "grep", "-v", "-a", "x", "--", "--mtu", "@file" }));

    [TestCase("-q", "--hostname=web")]
    [TestCase("-qd", "eth0")]
    [TestCase("-q", "--")]
    public void The_programs_own_words_stay_as_they_are(params string[] ours)
    {
        string[] program = ["app", "--address=", "--mtu=5", "--mtu:5", "-vq", "-a5", "-h", "-a", "", "--", "-n"];
        Assert.That(Read([.. ours, .. program]).Program, Is.EqualTo(program));
    }

    [TestCase("true", "-q")]
    [TestCase("false", "-v")]
    public void A_program_called_true_is_no_value_of_the_option_before_it(string program, string option) =>
        Assert.That(Read("-a", "10.40.0.32", option, program).Program, Is.EqualTo(new[] { program }));

    [Test]
    public void Two_hyphens_end_our_options() =>
        Assert.That(Read("-a", "10.40.0.32", "-q", "--", "app", "--", "-n").Program, Is.EqualTo(new[] { "app", "--", "-n" }));

    [Test]
    public void The_environment_names_the_network_when_the_command_line_does_not()
    {
        RunCommand command = new("pyco-run");
        RunOptionsReader reader = new(command, name => name == "VDE_SWITCH" ? "/tmp/other.ctl" : null);
        Assert.That(reader.Read(command.Parse(["-a", "10.40.0.32", "true"])).Network.Path, Is.EqualTo("/tmp/other.ctl"));
    }

    [Test]
    public void Without_any_name_of_a_network_the_users_default_one_is_meant()
    {
        RunOptions options = Read("true");
        Assert.That(options.IsDefaultNetwork, Is.True);
        Assert.That(options.Network.Path, Is.EqualTo("/tmp/pyco-test/pyco/default"));
        Assert.That(Read("-f", "/tmp/vde.ctl", "true").IsDefaultNetwork, Is.False);
    }

    [Test]
    public void Without_an_address_the_network_is_to_choose_one() => Assert.That(Read("true").Addresses, Is.Empty);

    [TestCase("10.40.0.32", "10.40.0.32")]
    [TestCase("", "10.40.0.32/24")]
    [TestCase("", "10.40.0.32", "-n", "255.255.255.0")]
    [TestCase("10.40.0.32", "10.40.0.32", "-a", "192.168.7.1/16")]
    public void An_address_whose_length_was_left_open_is_known_from_others(string open, params string[] words) =>
        Assert.That(string.Join(' ', Read(["-a", .. words, "true"]).WithoutLength), Is.EqualTo(open));

    [TestCase("10.50.1.0")]
    [TestCase("10.50.0.32", "-g", "10.50.9.1")]
    public void What_only_the_networks_length_can_make_wrong_is_left_to_the_network(params string[] words) =>
        Assert.That(Read(["-a", .. words, "true"]).WithoutLength, Is.Not.Empty);

    [TestCase("web")]
    [TestCase("web-2.example")]
    [TestCase("3com.example")]
    [TestCase("10.1.2.x3")]
    public void A_host_name_may_begin_with_a_digit_and_have_hyphens_and_dots(string name) =>
        Assert.That(Read("--hostname", name, "true").HostName, Is.EqualTo(name));

    [TestCase("no program given: name it behind the options, as in pyco-run -- ./app (-h helps)", "-a", "10.40.0.32")]
    [TestCase("no program given")]
    [TestCase("'./app' is not an address", "-a", "./app")]
    [TestCase("-a needs ADDR[/LEN] behind it (-h helps)", "-a")]
    [TestCase("-f needs VNL behind it", "-a", "10.40.0.32", "-f")]
    [TestCase("--mtu needs OCTETS behind it", "--mtu")]
    [TestCase("-f is given twice (-h helps)", "-f", "/one", "-f", "/two", "true")]
    [TestCase("unknown option '--bogus'", "--bogus")]
    [TestCase("'10.40.0.299' is not an address", "-a", "10.40.0.299", "true")]
    [TestCase("'10.40.32' is not an address", "-a", "10.40.32", "true")]
    [TestCase("from 1 to 32", "-a", "10.40.0.32/33", "true")]
    [TestCase("broadcast address of 10.40.0.0/24", "-a", "10.40.0.255/24", "true")]
    [TestCase("network's own address of 10.40.0.0/24", "-a", "10.40.0.0/24", "true")]
    [TestCase("give that too with -a", "-n", "255.255.0.0", "true")]
    [TestCase("cannot be the address of a host", "-a", "127.0.0.1", "true")]
    [TestCase("IPv6 addresses are not supported yet", "-a", "fd00::1", "true")]
    [TestCase("given twice", "-a", "10.40.0.32", "-a", "10.40.0.32/16", "true")]
    [TestCase("not a netmask", "-a", "10.40.0.32", "-n", "255.0.255.0", "true")]
    [TestCase("cannot be reached", "-a", "10.40.0.32/24", "-g", "10.50.0.1", "true")]
    [TestCase("no host's address in 10.40.0.0/24", "-a", "10.40.0.32/24", "-g", "10.40.0.0", "true")]
    [TestCase("no host's address in 10.40.0.0/24", "-a", "10.40.0.32/24", "-g", "10.40.0.255", "true")]
    [TestCase("own address", "-a", "10.40.0.32/24", "-g", "10.40.0.32", "true")]
    [TestCase("not an interface name", "-a", "10.40.0.32", "-d", "a/b", "true")]
    [TestCase("not an Ethernet address", "-a", "10.40.0.32", "-m", "02:00", "true")]
    [TestCase("first octet must be even", "-a", "10.40.0.32", "-m", "03:00:00:00:00:01", "true")]
    [TestCase("not an MTU", "-a", "10.40.0.32", "--mtu", "9001", "true")]
    [TestCase("not a name server", "-a", "10.40.0.32", "--dns", "example.org", "true")]
    [TestCase("not a name server", "-a", "10.40.0.32", "--dns", "::1", "true")]
    [TestCase("more than 3 name servers", "--dns", "10.0.0.1", "--dns", "10.0.0.2", "--dns", "10.0.0.3", "--dns", "10.0.0.4", "true")]
    [TestCase("'example..org' is not a domain", "--dns-search", "example..org", "true")]
    [TestCase(
        "more than 6 search domains", "--dns-search=a", "--dns-search=b", "--dns-search=c", "--dns-search=d", "--dns-search=e",
        "--dns-search=f", "--dns-search=g", "true")]
    [TestCase("'a b' is not a host name: letters, digits", "--hostname", "a b", "true")]
    [TestCase("not a host name", "--hostname", "", "true")]
    [TestCase("not a host name", "--hostname", "a_b", "true")]
    [TestCase("not a host name", "--hostname", "-web", "true")]
    [TestCase("not a host name", "--hostname", "web-.example", "true")]
    [TestCase("not a host name", "--hostname", "web..example", "true")]
    [TestCase("not a host name", "--hostname", "web.", "true")]
    [TestCase("not a host name", "--hostname", "0123456789012345678901234567890123456789012345678901234567890123", "true")]
    [TestCase("'10.1.2.3' is an address", "--hostname", "10.1.2.3", "true")]
    [TestCase("would be taken for one", "--hostname", "10.1", "true")]
    [TestCase("would be taken for one", "--hostname", "0x7f", "true")]
    [TestCase("not a host name", "--hostname", "fd00::1", "true")]
    [TestCase("'tap://' networks are not supported", "-a", "10.40.0.32", "-f", "tap://x", "true")]
    [TestCase("'80:' does not name ports", "-a", "10.40.0.32", "-p", "80:", "true")]
    [TestCase("99999 is not a port", "-a", "10.40.0.32", "-p", "99999:80", "true")]
    [TestCase("'rate=0': give at least 1bit", "-a", "10.40.0.32", "--link", "rate=0", "true")]
    [TestCase("127.0.0.1:8080 is published twice", "-a", "10.40.0.32", "-p", "8080:80", "-p", "127.0.0.1:8080:81", "true")]
    [TestCase("'mine' is not a process: say own or shared", "--process", "mine", "true")]
    [TestCase("cannot both be given", "-a", "10.40.0.32", "-v", "-q", "true")]
    [TestCase("--pcap - would mix the frames with what the program writes", "--pcap", "-", "true")]
    [TestCase("--address= needs ADDR[/LEN] behind it (-h helps)", "--address=", "true")]
    [TestCase("-a= needs ADDR[/LEN] behind it", "-q", "-a=", "true")]
    [TestCase("--address: needs ADDR[/LEN] behind it", "--address:", "true")]
    [TestCase("--quiet takes nothing behind it (-h helps)", "--quiet=true", "true")]
    [TestCase("-q takes nothing behind it", "-q=1", "true")]
    [TestCase("--pcap= needs FILE behind it", "-a", "10.40.0.32", "--pcap=", "--", "true")]
    [TestCase("unknown option '--bogus'", "-a", "10.40.0.32", "--bogus", "true")]
    public void A_wrong_command_line_is_told_in_one_line(string expected, params string[] arguments)
    {
        LaunchException failure = Assert.Throws<LaunchException>(() => Read(arguments))!;
        Assert.That(failure.Message, Does.Contain(expected).And.Not.Contain("\n"));
        Assert.That(failure.ExitStatus, Is.EqualTo(125));
    }

    [Test]
    public void The_help_has_every_option_and_examples()
    {
        RunCommand command = new("pyco-run");
        string help = command.HelpText();
        foreach (string name in command.Root.Options.Select(option => option.Name))
            Assert.That(help, Does.Contain(name));
        Assert.That(help, Does.Contain("Examples:"));
        Assert.That(help.Split('\n').Select(line => line.Length).Max(), Is.LessThan(120));
    }

    private static RunOptions Read(params string[] arguments)
    {
        RunCommand command = new("pyco-run");
        // A folder that exists, as the runtime folder must.
        Directory.CreateDirectory(RuntimeFolder);
        return new RunOptionsReader(command, name => name == "XDG_RUNTIME_DIR" ? RuntimeFolder : null).Read(command.Parse(arguments));
    }
}
