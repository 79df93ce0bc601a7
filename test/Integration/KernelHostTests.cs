using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Our hosts beside Linux's own stack on the same switch: each has to take the other for one of its kind.</summary>
[NeedsRoot]
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class KernelHostTests(WireKind kind) : WireTest(kind)
{
    private const int HundredMegabytes = 100_000_000;
    private KernelHost _kernel = null!;

    [SetUp]
    public void StartKernelHost() => _kernel = KernelHost.On(Wire);

    [Test]
    public void It_pings_our_host()
    {
        string ours = Wire.FreshAddress();
        Wire.ServePython(ours, Wire.Folder);

        string report = _kernel.Run("ping", "-c", "5", "-i", "0.2", "-W", "5", ours).Succeed();
        string large = _kernel.Run("ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "4000", ours).Succeed();

        Assert.That(report, Does.Contain("5 received, 0% packet loss"));
        Assert.That(large, Does.Contain("2 received, 0% packet loss"), "fragmented both ways");
    }

    [Test]
    public void Our_ping_reaches_it_and_ourselves()
    {
        string ours = Wire.FreshAddress();

        string small = Wire.RunAt(ours, "ping", "-c", "3", "-i", "0.2", "-W", "20", _kernel.Address).Succeed();
        string large = Wire.RunAt(ours, "ping", "-c", "2", "-i", "0.2", "-W", "20", "-s", "4000", _kernel.Address).Succeed();
        string own = Wire.RunAt(ours, "ping", "-c", "1", "-W", "20", ours).Succeed();

        Assert.That(small, Does.Contain("3 received, 0% packet loss").And.Contain($"64 bytes from {_kernel.Address}: icmp_seq=3 ttl=64"));
        Assert.That(large, Does.Contain("2 received, 0% packet loss"), "fragmented both ways");
        Assert.That(own, Does.Contain("1 received"));
    }

    [Test]
    public void Our_ping_is_told_of_an_address_where_nobody_is()
    {
        string ours = Wire.FreshAddress();
        string nobody = Wire.FreshAddress();
        RunningProgram ping = Wire.RunAt(ours, "ping", "-c", "1", "-W", "20", nobody);

        int status = ping.WaitForExit();

        Assert.That(status, Is.EqualTo(1));
        Assert.That(ping.Output, Does.Contain($"From {ours} icmp_seq=1 Destination Host Unreachable"));
    }

    [Test]
    public void It_knows_our_host_by_ARP()
    {
        string ours = Wire.FreshAddress();
        Wire.RunWith(["-a", ours, "-m", "02:00:5e:10:20:30"], "sleep", "60");
        _kernel.Run("ping", "-c", "1", "-w", "20", ours).Succeed();

        string neighbours = _kernel.Run("ip", "neigh", "show", ours).Succeed();

        Assert.That(neighbours, Does.Contain("lladdr 02:00:5e:10:20:30"));
    }

    [Test]
    public void It_fetches_100_MB_from_our_nginx_and_no_checksum_is_bad()
    {
        string ours = Wire.FreshAddress();
        string file = Wire.WriteRandom("site/large", HundredMegabytes);
        Wire.ServeNginx(ours, Wire.PathOf("site"));
        RunningProgram capture = Capture($"src host {ours}");

        _kernel.Run("curl", "-sS", "--fail", "-o", Wire.PathOf("fetched"), $"http://{ours}/large").Succeed(TimeSpan.FromMinutes(2));

        Assert.That(Programs.Hash(Wire.PathOf("fetched")), Is.EqualTo(Programs.Hash(file)));
        ExpectGoodChecksums(capture);
    }

    [Test]
    public void Our_curl_fetches_100_MB_from_its_nginx_and_no_checksum_is_bad()
    {
        string ours = Wire.FreshAddress();
        string file = Wire.WriteRandom("site/large", HundredMegabytes);
        _kernel.Run(Programs.NginxCommand(Wire, "kernel", Wire.PathOf("site")));
        Wire.WaitUntilListening(_kernel.Address, 80);
        RunningProgram capture = Capture($"src host {ours}");

        Wire.RunAt(ours, "curl", "-sS", "--fail", "-o", Wire.PathOf("fetched"), $"http://{_kernel.Address}/large")
            .Succeed(TimeSpan.FromMinutes(2));

        Assert.That(Programs.Hash(Wire.PathOf("fetched")), Is.EqualTo(Programs.Hash(file)));
        ExpectGoodChecksums(capture);
    }

    [Test]
    public void It_uploads_100_MB_to_our_netcat()
    {
        string ours = Wire.FreshAddress();
        string file = Wire.WriteRandom("large", HundredMegabytes);
        RunningProgram listener = Wire.RunAt(ours, "bash", "-c", "nc.openbsd -n -v -l 9000 > received");
        listener.WaitForOutput("Listening on");

        _kernel.Run("bash", "-c", $"nc.openbsd -n -N {ours} 9000 < {file}").Succeed(TimeSpan.FromMinutes(2));
        listener.Succeed();

        Assert.That(Programs.Hash(Wire.PathOf("received")), Is.EqualTo(Programs.Hash(file)));
    }

    [Test]
    public void Our_closed_TCP_port_answers_RST()
    {
        string ours = Wire.FreshAddress();
        Wire.ServePython(ours, Wire.Folder);

        RunningProgram curl = _kernel.Run("curl", "-sS", "--max-time", "20", $"http://{ours}:81/");

        Assert.That(curl.WaitForExit(), Is.EqualTo(7), curl.Transcript);
    }

    [Test]
    public void Our_closed_UDP_port_answers_port_unreachable()
    {
        string ours = Wire.FreshAddress();
        Wire.ServePython(ours, Wire.Folder);

        RunningProgram client = _kernel.Run(Programs.Python, "-c", UdpToClosedPort(ours));

        Assert.That(client.Succeed(), Is.EqualTo("ConnectionRefusedError\n"));
    }

    [Test]
    public void Its_port_unreachable_reaches_our_program_as_an_errno()
    {
        RunningProgram client = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-c", UdpToClosedPort(_kernel.Address));

        Assert.That(client.Succeed(), Is.EqualTo("ConnectionRefusedError\n"));
    }

    [Test]
    public void Its_RST_reaches_our_program_as_an_errno()
    {
        RunningProgram curl = Wire.RunAt(Wire.FreshAddress(), "curl", "-sS", "--max-time", "20", $"http://{_kernel.Address}:81/");

        Assert.That(curl.WaitForExit(), Is.EqualTo(7), curl.Transcript);
    }

    [Test]
    public void A_bridge_that_listens_to_IGMP_passes_on_what_is_for_our_groups()
    {
        _kernel.BecomeSnoopingBridge();
        RunningProgram member = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-u", "-c", """
            import socket, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("", 5000))
            group = socket.inet_aton("239.1.2.3") + socket.inet_aton("0.0.0.0")
            s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
            print("heard", s.recv(100).decode())
            sys.stdin.readline()
            s.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, group)
            sys.stdin.readline()
            """);
        RunningProgram sender = _kernel.Run(Programs.Python, "-c", $"""
            import socket, time
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("{_kernel.Address}"))
            while True:
                s.sendto(b"the group", ("239.1.2.3", 5000))
                time.sleep(0.1)
            """);

        member.WaitForOutput("heard the group");
        Assert.That(Members(), Does.Contain("port tap0 grp 239.1.2.3"));
        member.WriteLine("leave");
        Eventually.True(() => !Members().Contains("239.1.2.3", StringComparison.Ordinal), () => "the end of the membership");
        Assert.That(sender.HasExited, Is.False);
    }

    private string Members() => _kernel.Run("bridge", "mdb", "show").Succeed();

    private static string UdpToClosedPort(string address) => $"""
        import socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(20)
        s.connect(("{address}", 9))
        try:
            s.send(b"anybody?")
            print(s.recv(100))
        except OSError as error:
            print(type(error).__name__)
        """;

    /// <summary>tcpdump on the kernel's side, which computes every checksum of what arrives.</summary>
    private RunningProgram Capture(string filter)
    {
        RunningProgram capture = _kernel.Run("tcpdump", "-i", "tap0", "-n", "-vv", "-U", filter);
        capture.WaitForOutput("listening on tap0");
        return capture;
    }

    private static void ExpectGoodChecksums(RunningProgram capture)
    {
        capture.WaitForOutput("(correct)");
        capture.Signal(2); // SIGINT: tcpdump prints what it has, and ends.
        capture.WaitForExit();
        Assert.That(capture.Output, Does.Not.Contain("incorrect").And.Not.Contain("bad cksum"));
    }
}
