using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Many programs hang on a network's process: whatever one of them does, the others go on and nothing leaks.</summary>
internal sealed class NetworkRobustnessTests : NetworkTest
{
    [Test]
    public void Ten_thousand_joins_and_leaves_leave_nothing_behind()
    {
        Net("start", "--subnet", "10.40.0.0/16"); // the default network, in which no address comes twice
        RunningProgram server = Run("-a", "10.40.0.9", "--", Programs.Python, "-u", "-c", """
            import socket
            listener = socket.create_server(("", 80), backlog=100)
            print("listening")
            while True:
                connection, peer = listener.accept()
                connection.recv(1)
                connection.close()
            """);
        server.WaitForOutput("listening");
        int pid = Status("pid");
        int descriptors = OpenDescriptors(pid);
        int[] rounds = [1_000, 2_500, 2_500, 2_500, 2_500];
        long[] resident = [.. rounds.Select(joins =>
        {
            ComeAndGo(joins);
            return ResidentOctets(pid);
        })];
        string figures =
            $"resident KB after 1,000 joins and each 2,500 more: {string.Join(", ", resident.Select(octets => octets / 1024))}; " +
            $"descriptors before and after them: {descriptors}, {OpenDescriptors(pid)}";
        TestContext.Out.WriteLine(figures);
        Assert.That(OpenDescriptors(pid), Is.EqualTo(descriptors), figures);
        // The garbage collector may let the process grow in one round, but what is kept of a join makes it grow in each; 1 KB would be seen.
        Assert.That(resident.Skip(1).Zip(resident, (later, before) => later - before).Min(), Is.LessThan(2_500_000), figures);
        Assert.That(Status("stations"), Is.LessThanOrEqualTo(1), "the server");
        Assert.That(server.HasExited, Is.False, server.Transcript);
    }

    [Test]
    public void A_network_that_had_no_descriptor_left_answers_when_it_has_some_again()
    {
        string network = $"{Folder}/short";
        Start("bash", "-c", $"ulimit -n 40; exec {Repository.PycoNet} start {network}").Succeed();
        Start(Programs.Python, "-c", $"""
            import socket, time
            def connect(name):
                connection = socket.socket(socket.AF_UNIX)
                connection.connect("{network}/" + name)
                return connection
            held = [connect("ctl") for _ in range(60)]
            time.sleep(0.3)
            held.append(connect("pyco"))
            time.sleep(0.3)
            """).Succeed();

        Assert.That(Net("status", network), Does.Contain("0 hosts"));
        Net("stop", network);
    }

    [Test]
    public void Programs_that_are_killed_with_open_connections_leave_nothing_behind_and_the_others_go_on()
    {
        RunningProgram server = Serve("10.40.0.9");
        int pid = Status("pid");
        Fetch("10.40.0.9");
        int descriptors = OpenDescriptors(pid);
        for (int round = 0; round < 10; round++)
        {
            RunningProgram client = Run("--", Programs.Python, "-u", "-c", """
                import socket, time
                held = [socket.create_connection(("10.40.0.9", 80)) for _ in range(20)]
                other = socket.create_server(("", 80))
                print("holding")
                time.sleep(100)
                """);
            client.WaitForOutput("holding");
            client.Signal(9);
            client.WaitForExit();
        }
        Fetch("10.40.0.9");
        Eventually.True(() => Status("hosts") == 1, () => "the end of the killed programs' hosts");
        Eventually.True(() => OpenDescriptors(pid) <= descriptors, () => $"{descriptors} descriptors again, not {OpenDescriptors(pid)}");
        Assert.That(server.HasExited, Is.False);
    }

    [Test]
    public void A_program_that_never_reads_and_one_that_floods_do_not_hold_the_others_up()
    {
        Serve("10.40.0.9");
        RunningProgram sink = Run("-a", "10.40.0.10", "--", Programs.Python, "-u", "-c", """
            import socket, time
            listener = socket.create_server(("", 9))
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagrams.bind(("", 9))
            print("deaf")
            held = [listener.accept() for _ in range(2)]
            time.sleep(100)
            """);
        sink.WaitForOutput("deaf");
        RunningProgram flood = Run("--", Programs.Python, "-u", "-c", """
            import socket, threading
            def stream():
                connection = socket.create_connection(("10.40.0.10", 9))
                while True:
                    connection.send(bytes(65536))
            def datagrams(address):
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                while True:
                    try:
                        s.sendto(bytes(1000), address)
                    except OSError:
                        pass
            def nobody():
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                host = 100
                while True: # an ARP request for each
                    host = host % 150 + 100
                    s.sendto(b"?", ("10.40.0.%d" % host, 9))
            for work in (stream, stream, nobody):
                threading.Thread(target=work, daemon=True).start()
            for address in (("10.40.0.10", 9), ("10.40.0.255", 9)):
                threading.Thread(target=datagrams, args=(address,), daemon=True).start()
            print("flooding")
            threading.Event().wait()
            """);
        flood.WaitForOutput("flooding");
        int pid = Status("pid");
        for (int round = 0; round < 20; round++)
            Fetch("10.40.0.9");
        Assert.That(ResidentOctets(pid), Is.LessThan(200_000_000));
        Assert.That(flood.HasExited, Is.False, flood.Transcript);
        Assert.That(sink.HasExited, Is.False, sink.Transcript);
    }

    [Test]
    public void A_stranger_who_sends_descriptors_that_linger_does_not_hold_the_others()
    {
        Net("start");
        Serve("10.40.0.9");
        RunningProgram stranger = SendDescriptorsThatLinger(NetworkProcess());
        stranger.WaitForOutput("sent");

        Fetch("10.40.0.9");
        Assert.That(stranger.HasExited, Is.False, stranger.Transcript);
    }

    [Test]
    public void A_network_that_never_heard_of_descriptors_that_linger_ends_all_the_same()
    {
        Net("start");
        HostProcess network = NetworkProcess();
        RunningProgram.Signal(network.Id, RunningProgram.SigStop);
        RunningProgram stranger = SendDescriptorsThatLinger(network);
        stranger.WaitForOutput("sent");

        RunningProgram.Signal(network.Id, RunningProgram.SigTerm);
        RunningProgram.Signal(network.Id, RunningProgram.SigContinue);

        network.WaitForEnd();
        Assert.That(stranger.HasExited, Is.False, stranger.Transcript);
    }

    [Test]
    public void A_network_that_is_out_of_file_descriptors_says_so_and_its_hosts_go_on()
    {
        Start("bash", "-c", $"ulimit -n 64; exec {Repository.PycoNet} start").Succeed();
        Serve("10.40.0.9");
        RunningProgram[] programs = [.. Enumerable.Range(0, 20).Select(_ => Run("--", "sh", "-c", "echo up; read -r line"))];
        Eventually.True(() => programs.All(program => program.HasExited || program.Output == "up\n"), () => "each is in, or was refused");

        string[] refusals = [.. programs.Where(program => program.HasExited).Select(program => program.Errors).Distinct()];
        Assert.That(refusals, Is.EqualTo(["pyco-run: the network is out of file descriptors: end some of its programs, or start it where ulimit -Hn is higher\n"]));
        foreach (RunningProgram program in programs.Where(program => !program.HasExited))
            program.EndInput();
        Eventually.True(() => Status("hosts") == 1, () => "the end of all hosts but the server's");
        Fetch("10.40.0.9");
    }

    [Test]
    public void Connections_that_say_nothing_or_nonsense_on_the_control_socket_harm_nobody()
    {
        Serve("10.40.0.9");
        int pid = Status("pid");
        int descriptors = OpenDescriptors(pid);
        RunningProgram fool = Start(Programs.Python, "-c", """
            import os, socket, sys
            silent = []
            for path in sys.argv[1:]:
                for number in range(300): # more than may wait
                    s = socket.socket(socket.AF_UNIX)
                    s.connect(path)
                    silent.append(s)
                for number in range(1000):
                    s = socket.socket(socket.AF_UNIX)
                    s.connect(path)
                    try:
                        s.send((b"join\ncredentials=x\n\n", os.urandom(300), b"status\n", b"\n\n", b"ps\n\xff=\n\n")[number % 5])
                    except OSError:
                        pass
                    s.close()
                s = socket.socket(socket.AF_UNIX)
                s.connect(path)
                try:
                    while True:
                        s.send(bytes(65536)) # without end
                except OSError as error:
                    print("refused", error.errno)
            """, $"{DefaultNetwork}/pyco", $"{DefaultNetwork}/ctl");
        fool.Succeed();
        Fetch("10.40.0.9");
        Eventually.True(() => OpenDescriptors(pid) <= descriptors, () => $"{descriptors} descriptors again, not {OpenDescriptors(pid)}");
    }

    [Test]
    public void A_hundred_hosts_each_answer()
    {
        Net("start", "--subnet", "10.40.0.0/16");
        RunningProgram[] servers = [.. Enumerable.Range(1, 100).Select(host => Run($"-a", $"10.40.7.{host}", "--", Programs.Python, "-c", """
            import socket
            listener = socket.create_server(("", 80))
            while True:
                connection, peer = listener.accept()
                connection.recv(4096)
                connection.send(b"answer")
                connection.close()
            """))];
        Eventually.True(() => Status("hosts") == servers.Length, () => "all hosts");
        string answers = Run("--", Programs.Python, "-c", """
            import socket, time
            answered = 0
            for host in range(1, 101):
                while True:
                    try:
                        connection = socket.create_connection((f"10.40.7.{host}", 80), timeout=20)
                        break
                    except ConnectionRefusedError:
                        time.sleep(0.05) # python takes its time to start
                connection.send(b"?")
                answered += connection.recv(100) == b"answer"
            print(answered)
            """).Succeed();
        Assert.That(answers, Is.EqualTo("100\n"));
        Assert.That(ResidentOctets(Status("pid")), Is.LessThan(60_000_000));
    }

    /// <summary>So many hosts, some at once: nine in ten open no socket, the others connect to the server.</summary>
    private void ComeAndGo(int joins)
    {
        const int together = 8;
        foreach ((int count, string[] program) in ((int, string[])[])
            [
                (joins * 9 / 10, ["true"]),
                (joins / 10, ["bash", "-c", "exec 3<>/dev/tcp/10.40.0.9/80"]),
            ])
        {
            string[] each = [Repository.PycoRun, "-q", "--", .. program];
            Start("bash", ["-c", $"seq {count} | xargs -P {together} -I NUMBER \"$@\"", "bash", .. each])
                .Succeed(TimeSpan.FromSeconds(150));
        }
        Eventually.True(() => Status("hosts") == 1, () => "the end of all hosts but the server's");
    }

    private RunningProgram Serve(string address)
    {
        RunningProgram server = Run("-a", address, "--", Programs.Python, "-u", "-m", "http.server", "80", "--directory", Folder);
        server.WaitForOutput("Serving HTTP");
        return server;
    }

    private void Fetch(string address) =>
        Run("-q", "--", "curl", "-sS", "--fail", "--max-time", "30", "-o", "/dev/null", $"http://{address}/").Succeed();

    /// <summary>The network, as the programs of a new host know it.</summary>
    private HostProcess NetworkProcess()
    {
        RunningProgram program = Run("--", "sh", "-c", "echo up; read -r line");
        program.WaitForOutput("up");
        return HostProcess.Of(program);
    }

    /// <summary>Kernel sockets whose peer does not read and whose close may wait for an hour, each attached to an octet.</summary>
    private RunningProgram SendDescriptorsThatLinger(HostProcess to) => Start(Programs.Python, "-u", "-c", """
        import array, socket, struct, sys, threading
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        host = "\0pyco/" + sys.argv[1]
        peers = []
        silent = []
        for _ in range(3):
            full = socket.socket()
            full.connect(listener.getsockname())
            peers.append(listener.accept())
            full.setblocking(False)
            try:
                while True:
                    full.send(bytes(65536))
            except BlockingIOError:
                pass
            full.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3600))
            sender = socket.socket(socket.AF_UNIX)
            sender.connect(host)
            rights = array.array("i", [full.fileno()])
            sender.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            full.close()
            sender.close()
            for _ in range(200): # what comes behind them is not accepted in the same turn
                silent.append(socket.socket(socket.AF_UNIX))
                silent[-1].connect(host)
        print("sent")
        threading.Event().wait()
        """, to.Name);
}
