using System.Globalization;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>What breaks around a program, and what the program then sees: an error or nothing, never a hang.</summary>
internal sealed class FailureTests() : WireTest(WireKind.StockSwitch)
{
    /// <summary>Answers each line with the same line, for as long as the connection lives.</summary>
    private const string EchoServer = """
        import socket
        listener = socket.create_server(("", 7))
        connection, peer = listener.accept()
        while data := connection.recv(4096):
            connection.sendall(data)
        """;

    /// <summary>Sends each line of its standard input to the server, and prints what comes back, or the error.</summary>
    private const string EchoClient = """
        import socket, sys, time
        while True: # The server takes one connection, so nothing else may try whether it listens.
            try:
                connection = socket.create_connection((sys.argv[1], 7), timeout=30)
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        print("connected", flush=True)
        try:
            for line in sys.stdin:
                connection.sendall(line.encode())
                print("echo " + (connection.recv(4096).decode() or "end\n"), end="", flush=True)
        except OSError as error:
            print("error", type(error).__name__, flush=True)
        """;

    [Test]
    public void Connections_survive_a_switch_that_dies_and_comes_back()
    {
        RunningProgram client = StartEcho();
        Ask(client, "before");

        Wire.KillSwitch();
        client.WriteLine("between");
        Wire.StartSwitch();

        client.WaitForOutput("echo between\n");
        Ask(client, "after");
        Assert.That(client.Output, Does.Not.Contain("error"));
    }

    [Test]
    public void An_idle_host_finds_the_switch_that_comes_back()
    {
        string server = Wire.FreshAddress();
        Wire.Write("site/index.html", "page");
        RunningProgram program = Wire.ServePython(server, Wire.PathOf("site"));
        HostProcess host = HostProcess.Of(program);
        // Its address is announced once more after two seconds: then it has nothing to do, at no time.
        for (long before = -1; before != host.WakeUps;)
        {
            before = host.WakeUps;
            Thread.Sleep(TimeSpan.FromSeconds(2.5));
        }

        Wire.KillSwitch();
        program.WaitForOutput("is gone");
        Wire.StartSwitch();

        program.WaitForOutput("is back");
        Assert.That(Curl($"http://{server}/"), Is.EqualTo("page\n"));
    }

    [Test]
    public void A_program_whose_host_is_killed_sees_an_error()
    {
        RunningProgram client = StartEcho();
        Ask(client, "before");

        KillHostOf(client);
        client.WriteLine("after");

        Assert.That(client.WaitForExit(), Is.Zero, client.Transcript);
        Assert.That(client.Output, Does.Contain("error ").Or.Contain("echo end\n"));
    }

    [Test]
    public void A_new_socket_fails_when_the_host_is_gone()
    {
        RunningProgram program = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-u", "-c", """
            import socket, sys
            print("ready")
            sys.stdin.readline()
            try:
                s = socket.socket()
                s.connect(("127.0.0.1", 1))
                print("connected")
            except OSError as error:
                print("error", error.errno)
            """);
        program.WaitForOutput("ready");

        KillHostOf(program);
        program.WriteLine("go");

        Assert.That(program.Succeed(), Does.Match(@"error \d+"), "never the machine's own network");
    }

    [TestCase(false, "own")]
    [TestCase(true, "own")]
    [TestCase(true, "shared")]
    public void Who_waits_for_connections_is_woken_when_the_host_ends(bool isKilled, string process)
    {
        RunningProgram server = Wire.RunWith(["--process", process, "-a", Wire.FreshAddress()], Programs.Python, "-u", "-c", Programs.AcceptOnce);
        server.WaitForOutput("waits");

        if (isKilled)
            KillHostOf(server);
        else
            HostProcess.Of(server).Terminate();

        Assert.That(server.Succeed(), Does.Contain("ENETDOWN\n"));
    }

    [Test]
    public void Who_polls_a_listener_is_woken_when_the_host_is_killed_and_the_guard_before_it()
    {
        RunningProgram server = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-u", "-c", """
            import errno, select, socket
            listener = socket.create_server(("", 80), backlog=1)
            listener.setblocking(False)
            poll = select.poll()
            poll.register(listener, select.POLLIN)
            print("waits")
            poll.poll()
            try:
                listener.accept()
            except OSError as error:
                print(errno.errorcode[error.errno])
            """);
        server.WaitForOutput("waits");
        int host = HostProcess.Of(server).Id;
        int guard = HostProcess.ChildrenOf(host).Single();
        HostProcess.Kill(guard);
        Eventually.True(() => HostProcess.ChildrenOf(host) is [int next] && next != guard, () => $"another guard than {guard}");

        KillHostOf(server);

        Assert.That(server.Succeed(), Does.Contain("ENETDOWN\n"));
    }

    [Test]
    public void Nginx_is_told_once_for_each_listener_that_its_host_has_ended()
    {
        Wire.Write("site/index.html", "page");
        string address = Wire.FreshAddress();
        // Its own environment it overwrites with its title.
        RunningProgram server = Wire.RunAt(
            address, ["sh", "-c", "echo $PYCO_HOST; exec \"$@\"", "sh", .. Programs.NginxCommand(Wire, address, Wire.PathOf("site"))]);
        Wire.WaitUntilListening(address, 80);
        Eventually.True(() => server.Output.Contains('\n', StringComparison.Ordinal), () => "the host's name");

        RunningProgram.Signal(int.Parse(server.Output.Split(':')[3], CultureInfo.InvariantCulture), RunningProgram.SigTerm);

        server.WaitForOutput("Network is down");
        server.Terminate();
        server.WaitForExit();
        Assert.That(server.Errors.Split("Network is down"), Has.Length.InRange(2, 3), "it has two listeners");
    }

    [Test]
    public void The_host_leaves_when_its_program_has_ended()
    {
        RunningProgram program = Wire.RunAt(Wire.FreshAddress(), "sh", "-c", "echo ready; read -r line");
        program.WaitForOutput("ready");
        HostProcess host = HostProcess.Of(program);
        Assert.That(host.IsAlive, Is.True);

        program.WriteLine("end");
        program.Succeed();

        host.WaitForEnd();
    }

    [Test]
    public void The_host_stays_as_long_as_a_descendant_needs_it()
    {
        string server = Wire.FreshAddress();
        Wire.Write("site/index.html", "orphan");
        Wire.RunAt(server, "sh", "-c", $"{Programs.Python} -m http.server 80 --directory site >/dev/null 2>&1 & echo $! >orphan").Succeed();
        int orphan = int.Parse(File.ReadAllText(Wire.PathOf("orphan")), CultureInfo.InvariantCulture);
        using var end = new Killer(orphan);

        Wire.WaitUntilListening(server, 80);

        Assert.That(Curl($"http://{server}/"), Is.EqualTo("orphan\n"));
    }

    [Test]
    public void The_host_stays_while_a_descendant_executes_one_program_after_the_other()
    {
        string script = Wire.Write("chain", """
            if [ "$1" -gt 0 ]; then exec sh "$0" $(($1 - 1)); fi
            exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/9'
            """);

        // Each starts its descendant in the background and ends at once.
        RunningProgram[] programs =
            [.. Enumerable.Range(0, 20).Select(_ => Wire.RunAt(Wire.FreshAddress(), "sh", "-c", $"sh {script} 50 &"))];

        foreach (RunningProgram program in programs)
        {
            program.Succeed();
            Assert.That(program.Errors, Does.Contain("Connection refused"), "which its host says");
        }
    }

    private RunningProgram StartEcho()
    {
        string server = Wire.FreshAddress();
        Wire.RunAt(server, Programs.Python, "-u", "-c", EchoServer);
        RunningProgram client = Wire.RunAt(Wire.FreshAddress(), Programs.Python, "-u", "-c", EchoClient, server);
        client.WaitForOutput("connected");
        return client;
    }

    private static void Ask(RunningProgram client, string word)
    {
        client.WriteLine(word);
        client.WaitForOutput($"echo {word}\n");
    }

    private static void KillHostOf(RunningProgram program)
    {
        HostProcess host = HostProcess.Of(program);
        HostProcess.Kill(host.Id);
        host.WaitForEnd();
    }

    /// <summary>Kills a process that is not a child of the test.</summary>
    private sealed class Killer(int pid) : IDisposable
    {
        public void Dispose() => HostProcess.Kill(pid);
    }
}
