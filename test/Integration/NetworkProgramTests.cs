using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Servers of other kinds: a proxy between hosts, a broker that pushes, and protocols that move files.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class NetworkProgramTests(WireKind kind) : WireTest(kind)
{
    [Test]
    public void Haproxy_spreads_requests_over_servers_that_have_hosts_of_their_own()
    {
        string proxy = Wire.FreshAddress();
        var backends = new List<string>();
        foreach (string name in new[] { "left", "right" })
        {
            string backend = Wire.FreshAddress();
            Wire.Write($"{name}/index.html", $"{name}\n");
            Wire.ServePython(backend, Wire.PathOf(name));
            // None is given up because this machine is busy.
            backends.Add($"  server {name} {backend}:80 check inter 200ms fall 1000");
        }
        string configuration = Wire.Write("haproxy.cfg", $"""
            defaults
              mode http
              timeout connect 20s
              timeout client 20s
              timeout server 20s
            frontend all
              bind :80
              default_backend servers
            backend servers
              balance roundrobin
            {string.Join('\n', backends)}

            """);
        Wire.RunAt(proxy, "haproxy", "-db", "-f", configuration);
        Wire.WaitUntilListening(proxy, 80);

        string answers = Wire.RunAt(
            Wire.FreshAddress(), "curl", "-sS", "--fail", "--max-time", "50", $"http://{proxy}/?[1-4]").Succeed();

        Assert.That(answers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(), Is.EqualTo(new[] { "left", "left", "right", "right" }));
    }

    [Test]
    public void Mosquitto_passes_what_one_host_publishes_to_another_that_subscribed()
    {
        string broker = Wire.FreshAddress();
        string configuration = Wire.Write("mosquitto.conf", "listener 1883 0.0.0.0\nallow_anonymous true\nlog_type all\nlog_dest stderr\n");
        RunningProgram server = Wire.RunAt(broker, "mosquitto", "-c", configuration);
        server.WaitForOutput("running");
        RunningProgram subscriber = Wire.RunAt(
            Wire.FreshAddress(), "mosquitto_sub", "-h", broker, "-t", "house/#", "-C", "2", "-q", "2", "-F", "%t=%l octets");
        server.WaitForOutput("Sending SUBACK");

        Wire.RunAt(Wire.FreshAddress(), "mosquitto_pub", "-h", broker, "-t", "house/kitchen", "-m", "warm", "-q", "1").Succeed();
        string large = Wire.WriteRandom("large", 500_000);
        Wire.RunAt(Wire.FreshAddress(), "mosquitto_pub", "-h", broker, "-t", "house/camera", "-f", large, "-q", "2").Succeed();

        Assert.That(subscriber.Succeed(), Does.Contain("house/kitchen=4 octets\n").And.Contain("house/camera=500000 octets\n"));
    }

    [Test]
    public void Options_that_another_hosts_program_sets_on_a_socket_it_was_given_are_no_data()
    {
        string server = Wire.FreshAddress();
        string handOver = Wire.PathOf("handover");
        RunningProgram reader = Wire.RunAt(server, Programs.Python, "-c", """
            import socket
            listener = socket.create_server(("", 6000))
            print("ready", flush=True)
            connection, _ = listener.accept()
            print(b"".join(iter(lambda: connection.recv(1000), b"")).decode())
            """);
        reader.WaitForOutput("ready"); // no probe: it takes one connection
        RunningProgram taker = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-c", $"""
            import ctypes, os, socket
            listener = socket.socket(socket.AF_UNIX)
            listener.bind("{handOver}")
            listener.listen()
            print("ready", flush=True)
            giver, _ = listener.accept()
            _, (descriptor,), _, _ = socket.recv_fds(giver, 1, 1)
            libc, on = ctypes.CDLL(None), ctypes.byref(ctypes.c_int(1))
            libc.setsockopt(descriptor, socket.IPPROTO_TCP, socket.TCP_NODELAY, on, 4)
            libc.setsockopt(descriptor, socket.SOL_SOCKET, socket.SO_KEEPALIVE, on, 4)
            os.write(descriptor, b"taker;")
            giver.sendall(b"x")
            """);
        taker.WaitForOutput("ready");

        Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-c", $"""
            import socket
            connection = socket.create_connection(("{server}", 6000))
            connection.sendall(b"giver;")
            taker = socket.socket(socket.AF_UNIX)
            taker.connect("{handOver}")
            socket.send_fds(taker, [b"x"], [connection.fileno()])
            taker.recv(1)
            connection.sendall(b"end")
            """).Succeed();

        taker.Succeed();
        Assert.That(reader.Succeed(), Is.EqualTo("ready\ngiver;taker;end\n"));
    }

    [Test]
    public void Rsync_mirrors_a_tree_from_its_daemon_and_back()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress();
        for (int file = 0; file < 50; file++)
            Wire.WriteRandom($"tree/folder{file % 5}/file{file}", 20_000);
        Directory.CreateDirectory(Wire.PathOf("received"));
        // The daemon may write as whoever it is: root's would become nobody.
        string configuration = Wire.Write("rsyncd.conf", $"""
            use chroot = no
            uid = {Environment.UserName}
            [tree]
            path = {Wire.PathOf("tree")}
            [received]
            path = {Wire.PathOf("received")}
            read only = no

            """);
        Wire.RunAt(server, "rsync", "--daemon", "--no-detach", $"--config={configuration}");
        Wire.WaitUntilListening(server, 873);

        Wire.RunAt(client, "rsync", "-a", $"rsync://{server}/tree/", Wire.PathOf("copy/")).Succeed();
        Wire.RunAt(client, "rsync", "-a", Wire.PathOf("copy/"), $"rsync://{server}/received/").Succeed();

        foreach (string copy in new[] { "copy", "received" })
            Assert.That(Wire.Start("diff", "-r", Wire.PathOf("tree"), Wire.PathOf(copy)).Succeed(), Is.Empty);
    }

    [Test]
    public void Git_clones_from_its_daemon_which_starts_a_process_for_each()
    {
        string server = Wire.FreshAddress();
        Wire.WriteRandom("origin/file", 2_000_000);
        Wire.Start("bash", "-c", """
            git init -q origin && cd origin && git add file
            git -c user.name=tester -c user.email=tester@example.org commit -q -m 'a large file'
            """).Succeed();
        Wire.RunAt(server, "git", "-c", "safe.directory=*", "daemon", "--reuseaddr", "--export-all", $"--base-path={Wire.Folder}");
        Wire.WaitUntilListening(server, 9418);

        Wire.RunAt(Wire.FreshAddress(), "git", "clone", "-q", $"git://{server}/origin", Wire.PathOf("clone")).Succeed();

        Assert.That(Programs.Hash(Wire.PathOf("clone/file")), Is.EqualTo(Programs.Hash(Wire.PathOf("origin/file"))));
    }
}
