using System.Text.Json;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>pyco-net start --nat: unmodified programs reach the outside of their network, as far as they may.</summary>
[NeedsRoot]
internal sealed class GatewayTests : GatewayTest
{
    private const int HundredMegabytes = 100_000_000;

    [Test]
    public void Curl_fetches_100_MB_from_outside()
    {
        StartNetwork();
        string file = WriteRandom("large", HundredMegabytes);
        ServeFolder();

        RunHost("curl", "-sS", "--fail", "-o", $"{Folder}/fetched", $"http://{Outside}:8000/large").Succeed();

        Assert.That(Programs.Hash($"{Folder}/fetched"), Is.EqualTo(Programs.Hash(file)));
    }

    [Test]
    public void Netcat_sends_100_MB_to_outside()
    {
        StartNetwork();
        string file = WriteRandom("large", HundredMegabytes);
        RunningProgram listener = AtOutside("bash", "-c", "nc.openbsd -n -v -l 9000 > received");
        listener.WaitForOutput("Listening on");

        RunHost("bash", "-c", $"nc.openbsd -n -N {Outside} 9000 < {file}").Succeed();
        listener.Succeed();

        Assert.That(Programs.Hash($"{Folder}/received"), Is.EqualTo(Programs.Hash(file)));
    }

    [Test]
    public void A_closed_port_outside_refuses_and_a_network_without_a_way_is_unreachable()
    {
        StartNetwork();
        Assert.That(Try($"connect(('{Outside}', 9))"), Is.EqualTo("ECONNREFUSED\n"));
        Assert.That(Try("connect(('198.51.100.1', 9))"), Is.EqualTo("ENETUNREACH\n"));
    }

    [Test]
    public void What_is_not_allowed_is_out_of_reach_for_TCP_and_UDP_and_the_log_tells()
    {
        StartNetwork("--allow", $"{Outside}:8000");
        ServeFolder();
        File.WriteAllText($"{Folder}/note", "hello\n");

        Assert.That(RunHost("curl", "-sS", $"http://{Outside}:8000/note").Succeed(), Is.EqualTo("hello\n"));
        Assert.That(Try($"connect(('{Outside}', 8001))"), Is.EqualTo("EHOSTUNREACH\n"));
        Assert.That(TryDatagram($"('{Outside}', 8001)"), Is.EqualTo("EHOSTUNREACH\n"));
        Assert.That(Try("connect(('10.40.0.1', 8000))"), Is.EqualTo("ECONNREFUSED\n"), "the gateway itself serves nobody");
        Assert.That(Nat("denied"), Is.EqualTo(2));
        Assert.That(AtOutside(Repository.PycoNet, "log", Control).Succeed(), Does.Contain($"may not reach {Outside}:8001 by TCP"));
    }

    [Test]
    public void The_machines_loopback_is_reached_at_the_gateway_when_it_is_allowed()
    {
        StartNetwork("--allow", "127.0.0.1:8000");
        RunningProgram server = AtOutside(Programs.Python, "-u", "-m", "http.server", "8000", "--bind", "127.0.0.1");
        server.WaitForOutput("Serving HTTP");
        File.WriteAllText($"{Folder}/note", "hello\n");

        Assert.That(RunHost("curl", "-sS", "http://10.40.0.1:8000/note").Succeed(), Is.EqualTo("hello\n"));
    }

    [Test]
    public void Datagrams_go_out_and_answers_come_in_and_a_closed_port_shows()
    {
        StartNetwork();
        RunningProgram server = AtOutside(Programs.Python, "-u", "-c", $"""
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("{Outside}", 7))
            print("ready")
            while True:
                octets, peer = s.recvfrom(65535)
                s.sendto(octets, peer)
            """);
        server.WaitForOutput("ready");

        RunningProgram client = RunHost(Programs.Python, "-c", $"""
            import os, socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(20)
            for length in (0, 1, 1472, 1473, 60000):
                sent = os.urandom(length)
                s.sendto(sent, ("{Outside}", 7))
                received, peer = s.recvfrom(65535)
                assert (received, peer) == (sent, ("{Outside}", 7)), (length, peer)
            print("all came back")
            """);

        Assert.That(client.Succeed(), Is.EqualTo("all came back\n"));
        Assert.That(TryDatagram($"('{Outside}', 9)"), Is.EqualTo("ECONNREFUSED\n"));
    }

    [Test]
    public void Names_are_asked_for_at_the_gateway()
    {
        StartNetwork("--dns", $"{Outside}:5353", "--allow", "198.51.100.1");
        RunningProgram server = AtOutside(Programs.Python, "-u", "-c", $"""
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("{Outside}", 5353))
            print("ready")
            while True:
                query, peer = s.recvfrom(512)
                question = query[12:query.index(0, 12) + 5]
                answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + bytes([203, 0, 113, 5])
                s.sendto(query[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question + answer, peer)
            """);
        server.WaitForOutput("ready");

        RunningProgram client = RunHost(Programs.Python, "-c", """
            import socket
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.settimeout(20)
            s.connect(("10.40.0.1", 53))
            s.send(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03org\x00\x00\x01\x00\x01")
            print(socket.inet_ntoa(s.recv(512)[-4:]))
            """);

        Assert.That(client.Succeed(), Is.EqualTo("203.0.113.5\n"));
    }

    [Test]
    public void Hosts_ping_the_outside_where_the_machine_may()
    {
        StartNetwork();
        PermitPing(true);
        string kernel = PlugKernelHost();
        GiveAddress(kernel, "10.40.0.200");

        string report = AtKernelHost(kernel, "ping", "-c", "3", "-i", "0.2", "-W", "5", Outside).Succeed();
        string large = AtKernelHost(kernel, "ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "4000", Outside).Succeed();

        Assert.That(report, Does.Contain("3 received, 0% packet loss"));
        Assert.That(large, Does.Contain("2 received, 0% packet loss"), "fragmented both ways");
    }

    [Test]
    public void Where_the_machine_may_not_ping_hosts_are_told_so()
    {
        StartNetwork();
        PermitPing(false);
        string kernel = PlugKernelHost();
        GiveAddress(kernel, "10.40.0.200");

        RunningProgram ping = AtKernelHost(kernel, "ping", "-c", "1", "-W", "5", Outside);
        ping.WaitForExit();

        Assert.That(ping.Output, Does.Contain("From 10.40.0.1 icmp_seq=1 Packet filtered"));
        Assert.That(AtOutside(Repository.PycoNet, "log", Control).Succeed(), Does.Contain("ping_group_range"));
    }

    [Test]
    public void A_stock_client_gets_all_it_needs_by_DHCP_and_reaches_the_outside()
    {
        StartNetwork("--dns", $"{Outside}:5353");
        ServeFolder();
        File.WriteAllText($"{Folder}/note", "hello\n");
        string first = PlugKernelHost(), second = PlugKernelHost();

        string lease = Lease(first);
        string other = Lease(second);
        string ours = RunHost("sh", "-c", "hostname -I 2>/dev/null; python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect((\"10.40.0.1\", 9)); print(s.getsockname()[0])'").Succeed();

        Assert.That(lease, Does.Match("^10\\.40\\.0\\.[0-9]+/24 via 10\\.40\\.0\\.1 dns 10\\.40\\.0\\.1 broadcast 10\\.40\\.0\\.255 mtu 1500 for 3600\n$"));
        string[] addresses = [lease.Split('/')[0], other.Split('/')[0], ours.Trim().Split('\n')[^1].Trim()];
        Assert.That(addresses.Distinct().Count(), Is.EqualTo(3), string.Join(' ', addresses));
        Assert.That(AtKernelHost(first, "curl", "-sS", "--max-time", "30", $"http://{Outside}:8000/note").Succeed(), Is.EqualTo("hello\n"));
        Assert.That(Nat("leases"), Is.EqualTo(2));
    }

    [Test]
    public void Hosts_that_open_more_than_the_process_has_descriptors_for_leave_the_others_theirs()
    {
        AtOutside("bash", "-c", $"ulimit -n 120; exec {Repository.PycoNet} start {Control} --nat").Succeed();
        RunningProgram server = AtOutside(Programs.Python, "-u", "-c", $"""
            import socket
            s = socket.create_server(("{Outside}", 8000), backlog=500)
            print("ready")
            held = []
            while True:
                held.append(s.accept())
            """);
        server.WaitForOutput("ready");
        string kernel = PlugKernelHost();
        GiveAddress(kernel, "10.40.0.200");

        RunningProgram greedy = AtKernelHost(kernel, Programs.Python, "-u", "-c", $"""
            import socket, time
            held = []
            for _ in range(150):
                s = socket.socket()
                s.setblocking(False)
                s.connect_ex(("{Outside}", 8000))
                held.append(s)
            print("asked")
            time.sleep(100)
            """);
        greedy.WaitForOutput("asked");
        Eventually.True(() => Nat("connectionsOpened") >= 50, () => "its connections");

        Assert.That(RunHost("sh", "-c", "echo still here").Succeed(), Is.EqualTo("still here\n"));
        Assert.That(Nat("connections"), Is.LessThanOrEqualTo(60));
        greedy.Terminate();
        Assert.That(AtOutside(Repository.PycoNet, "log", Control).Succeed(), Does.Contain("out of file descriptors"));
    }

    [Test]
    public void Nobody_else_may_have_the_gateways_address()
    {
        StartNetwork();
        RunningProgram thief = AtOutside(Repository.PycoRun, "-f", Control, "-a", "10.40.0.1", "--", "true");
        Assert.That(thief.WaitForExit(), Is.Not.Zero);
        Assert.That(thief.Errors, Does.Contain("the network's gateway"));
    }

    /// <summary>The name of the error that a TCP socket's method fails with.</summary>
    private string Try(string call) => RunHost(Programs.Python, "-c", $"""
        import errno, socket
        s = socket.socket()
        s.settimeout(30)
        try:
            s.{call}
            print("connected")
        except OSError as error:
            print(errno.errorcode.get(error.errno, error))
        """).Succeed();

    /// <summary>The name of the error that follows a datagram.</summary>
    private string TryDatagram(string to) => RunHost(Programs.Python, "-c", $"""
        import errno, socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(30)
        s.connect({to})
        try:
            s.send(b"anybody?")
            print(s.recv(100))
        except OSError as error:
            print(errno.errorcode.get(error.errno, error))
        """).Succeed();

    /// <summary>A figure of <c>pyco-net status --json</c>.</summary>
    private int Nat(string field)
    {
        using JsonDocument status = JsonDocument.Parse(AtOutside(Repository.PycoNet, "status", "--json", Control).Succeed());
        return status.RootElement.GetProperty("nat").GetProperty(field).GetInt32();
    }

    /// <summary>Lets busybox's client ask for an address and use it; what it was told.</summary>
    private string Lease(string kernelHost)
    {
        string script = $"{Folder}/lease-{kernelHost}";
        File.WriteAllText(script, """
            #!/bin/sh
            [ "$1" = bound ] || exit 0
            ip addr add "$ip/$mask" dev "$interface"
            ip route add default via "$router"
            echo "$ip/$mask via $router dns $dns broadcast $broadcast mtu $mtu for $lease"

            """);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        RunningProgram client = AtKernelHost(
            kernelHost, "udhcpc", "-f", "-n", "-q", "-t", "5", "-T", "3", "-O", "mtu", "-O", "broadcast", "-i", "tap0", "-s", script);
        string output = client.Succeed();
        return output.Split('\n').First(line => line.StartsWith("10.", StringComparison.Ordinal)) + "\n";
    }
}
