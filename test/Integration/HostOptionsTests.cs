using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Each option of pyco-run that shapes the host, seen from inside the program and from the wire.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class HostOptionsTests(WireKind kind) : WireTest(kind)
{
    /// <summary>Accepts connections for ever and prints on which address from which peer.</summary>
    private const string Witness = """
        import socket
        listener = socket.create_server(("", 7))
        print("listening", flush=True)
        while True:
            connection, peer = listener.accept()
            print(connection.getsockname()[0], "from", peer[0], flush=True)
        """;

    [Test]
    public void The_host_name_is_what_the_program_sees_and_it_resolves_to_the_address()
    {
        string address = Wire.FreshAddress();

        string seen = Wire.RunWith(["-a", address, "--hostname", "web7"], "bash", "-c", $"""
            hostname; uname -n
            {Programs.Python} -c 'import os, socket; print(socket.gethostname(), os.uname().nodename, socket.gethostbyname("web7"))'
            getent hosts web7
            """).Succeed();

        Assert.That(seen, Does.Match($@"^web7\nweb7\nweb7 web7 {address}\n{address} +web7\n$"));
    }

    [Test]
    public void Without_the_option_the_host_name_is_the_machines() =>
        Assert.That(Wire.RunAt(Wire.FreshAddress(), "hostname").Succeed(), Is.EqualTo(Wire.Start("hostname").Succeed()));

    [Test]
    public void Interface_name_and_MAC_and_MTU_are_what_the_program_sees()
    {
        string address = Wire.FreshAddress();

        string seen = Wire.RunWith(
            ["-a", address, "-d", "eth7", "-m", "02:00:5e:0a:0b:0c", "--mtu", "1300", "-n", "255.255.0.0"], Programs.Python, "-c", """
            import fcntl, socket, struct
            s = socket.socket()
            def ask(request): return fcntl.ioctl(s.fileno(), request, struct.pack("256s", b"eth7"))[16:]
            print(socket.inet_ntoa(ask(0x8915)[4:8]), socket.inet_ntoa(ask(0x891b)[4:8]))
            print(ask(0x8927)[2:8].hex(":"), struct.unpack("i", ask(0x8921)[:4])[0])
            """).Succeed();

        Assert.That(seen, Is.EqualTo($"{address} 255.255.0.0\n02:00:5e:0a:0b:0c 1300\n"));
    }

    [Test]
    public void The_MTU_limits_the_frames_both_ways()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress(), trace = Wire.PathOf("trace.pcapng");
        Wire.WriteRandom("site/file", 100_000);
        Wire.RunWith(["-a", server, "--mtu", "600", "--pcap", trace], Programs.Python, "-m", "http.server", "80", "--directory", "site");
        Wire.WaitUntilListening(server, 80);

        Wire.RunAt(client, "curl", "-sS", "--fail", "-o", Wire.PathOf("fetched"), $"http://{server}/file").Succeed();

        Assert.That(Programs.Hash(Wire.PathOf("fetched")), Is.EqualTo(Programs.Hash(Wire.PathOf("site/file"))));
        string[] lengths = Wire.Start("tshark", "-r", trace, "-Y", "tcp", "-T", "fields", "-e", "frame.len").Succeed()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lengths.Max(int.Parse), Is.EqualTo(14 + 600));
    }

    [Test]
    public void An_MTU_that_the_network_does_not_carry_is_refused()
    {
        RunningProgram refused = Wire.RunWith(["-a", Wire.FreshAddress(), "--mtu", "1501"], "true");

        Assert.That(refused.WaitForExit(), Is.EqualTo(125), refused.Transcript);
        Assert.That(refused.Errors, Does.Match(@"^pyco-run: the .+ carries IP packets of at most 1500 octets: .* --mtu 1501\n$"));
        Wire.RunWith(["-a", Wire.FreshAddress(), "--mtu", "1500"], "true").Succeed();
    }

    [Test]
    public void A_host_with_two_addresses_serves_on_both_and_speaks_from_the_one_in_the_peers_network()
    {
        RunningProgram both = Wire.RunWith(["-a", "10.40.0.7", "-a", "10.41.0.7/16"], Programs.Python, "-u", "-c", Witness);
        RunningProgram second = Wire.RunWith(["-a", "10.41.0.9/16"], Programs.Python, "-u", "-c", Witness);
        both.WaitForOutput("listening");
        second.WaitForOutput("listening");

        Wire.RunWith(["-a", "10.40.0.8"], "bash", "-c", "exec 3<>/dev/tcp/10.40.0.7/7").Succeed();
        Wire.RunWith(["-a", "10.41.0.8/16"], "bash", "-c", "exec 3<>/dev/tcp/10.41.0.7/7").Succeed();
        Wire.RunWith(["-a", "10.40.0.6", "-a", "10.41.0.6/16"], "bash", "-c", "exec 3<>/dev/tcp/10.41.0.9/7").Succeed();

        both.WaitForOutput("10.40.0.7 from 10.40.0.8\n10.41.0.7 from 10.41.0.8\n");
        second.WaitForOutput("10.41.0.9 from 10.41.0.6\n");
        Assert.That(both.Errors, Is.Empty);
    }

    [Test]
    [NeedsRoot]
    public void The_gateway_is_the_way_to_other_networks_and_without_one_there_is_none()
    {
        const string beyond = "10.99.0.1";
        KernelHost router = KernelHost.On(Wire);
        router.Run("ip", "addr", "add", $"{beyond}/32", "dev", "lo").Succeed();
        Wire.Write("site/index.html", "beyond");
        router.Run(Programs.Python, "-m", "http.server", "80", "--directory", Wire.PathOf("site"));
        Wire.WaitUntilListening(router.Address, 80);

        RunningProgram with = Wire.RunWith(
            ["-a", Wire.FreshAddress(), "-g", router.Address], "curl", "-sS", "--fail", "--max-time", "50", $"http://{beyond}/");
        RunningProgram without = Wire.RunAt(Wire.FreshAddress(), "curl", "-sS", "--max-time", "50", $"http://{beyond}/");

        Assert.That(with.Succeed(), Is.EqualTo("beyond\n"));
        Assert.That(without.WaitForExit(), Is.EqualTo(7), without.Transcript);
        Assert.That(without.Errors, Does.Contain("unreachable").Or.Contain("Couldn't connect"));
    }

    [TestCase("{0}")]
    [TestCase("vde://{0}")]
    [TestCase("{0}/ctl")]
    [TestCase("{0}[9]")]
    public void A_network_can_be_named_in_several_ways(string form) =>
        Assert.That(
            Wire.Start(Repository.PycoRun, "-v", "-a", Wire.FreshAddress(), "-f", string.Format(null, form, Wire.Control), "--", "echo", "up")
                .Succeed(),
            Is.EqualTo("up\n"));

    [Test]
    public void The_environment_may_name_the_network() =>
        Assert.That(
            Wire.Start("env", $"VDE_SWITCH={Wire.Control}", Repository.PycoRun, "-a", Wire.FreshAddress(), "echo", "up").Succeed(),
            Is.EqualTo("up\n"));

    [Test]
    public void Verbose_tells_port_addresses_MAC_and_host()
    {
        string address = Wire.FreshAddress();

        RunningProgram program = Wire.RunWith(["-v", "-a", address, "-m", "02:00:5e:01:02:03"], "true");

        program.Succeed();
        Assert.That(program.Errors, Does.Match(
            $@"^pyco-run: plugged into {Wire.Control}, port \d+\npyco-run: {address}/24 is up: vde0, 02:00:5e:01:02:03, host process \d+\n$"));
    }
}
