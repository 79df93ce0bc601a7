using System.Diagnostics;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Programs that do nothing but wait for connections learn that their network is no more.</summary>
internal sealed class ListenerEndTests : NetworkTest
{
    /// <summary>Three processes wait for one listener and tell, of each of two attempts, how it ended.</summary>
    private const string Prefork = """
        import errno, os, select, socket, struct, sys
        listener = socket.create_server(("", 80))
        if sys.argv[1] == "timed":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 50, 0))
        if sys.argv[1] == "polled":
            listener.setblocking(False)
        def wait():
            if sys.argv[1] == "polled":
                epoll = select.epoll()
                epoll.register(listener, select.EPOLLIN)
                if not epoll.poll(50 if attempt == 0 else 1):
                    return "silence"
            try:
                listener.accept()
                return "connection"
            except OSError as error:
                return errno.errorcode[error.errno]
        children = []
        for child in range(3):
            children.append(os.fork())
            if children[-1] == 0:
                os.write(1, b"waits\n")
                for attempt in range(2):
                    os.write(1, f"{attempt} {wait()}\n".encode())
                os._exit(0)
        if sys.argv[1] == "polled": # the others may sleep on
            children.remove(os.wait()[0])
            for child in children:
                os.kill(child, 9)
        else:
            for child in children:
                os.waitpid(child, 0)
        """;

    [TestCase("blocking")]
    [TestCase("timed")]
    public void All_who_wait_in_accept_are_woken_and_later_calls_fail_too(string manner)
    {
        RunningProgram server = StartPrefork(manner);

        Net("stop");

        Assert.That(Count(server.Succeed(), "0 ENETDOWN"), Is.EqualTo(3));
        Assert.That(Count(server.Output, "1 ENETDOWN"), Is.EqualTo(3));
    }

    [TestCase("blocking")]
    [TestCase("polled")]
    public void They_are_woken_too_when_the_network_is_killed(string manner)
    {
        RunningProgram server = StartPrefork(manner);

        KillNetwork();

        Assert.That(Count(server.Succeed(), "ENETDOWN"), Is.GreaterThanOrEqualTo(1));
        Assert.That(server.Output, Does.Not.Contain("connection"));
    }

    [Test]
    public void Nothing_is_left_of_a_guard_that_is_killed_and_another_takes_its_place()
    {
        RunningProgram server = Run("--", Programs.Python, "-u", "-c", Programs.AcceptOnce);
        server.WaitForOutput("waits");
        int network = Status("pid");
        int guard = HostProcess.ChildrenOf(network).Single();
        HostProcess.Kill(guard);
        Eventually.True(() => HostProcess.ChildrenOf(network) is [int next] && next != guard, () => $"another guard than {guard}, and nothing of that");

        KillNetwork();

        Assert.That(server.Succeed(), Does.Contain("ENETDOWN\n"));
    }

    [Test]
    public void There_is_no_guard_where_nobody_waits_for_connections()
    {
        RunningProgram client = Run("--", Programs.Python, "-u", "-c", """
            import socket, sys
            print(socket.socket().connect_ex(("10.40.0.1", 80)))
            print("asked")
            sys.stdin.readline()
            """);
        client.WaitForOutput("asked");

        Assert.That(HostProcess.ChildrenOf(Status("pid")), Is.Empty);
    }

    [Test]
    public void Who_polls_is_woken_once_one_is_told_and_nobody_is_kept_busy()
    {
        RunningProgram server = StartPrefork("polled");

        Net("stop");

        string output = server.Succeed();
        Assert.That(Count(output, "ENETDOWN"), Is.EqualTo(1), output);
        Assert.That(Count(output, "1 silence"), Is.GreaterThanOrEqualTo(1), output);
    }

    [Test]
    public void A_listener_that_an_exec_has_brought_is_woken_too()
    {
        RunningProgram server = Run("--", Programs.Python, "-u", "-c", """
            import os, socket, sys
            listener = socket.create_server(("", 80))
            listener.set_inheritable(True)
            os.execv(sys.executable, [sys.executable, "-u", "-c", f'''
            import errno, socket
            print("waits")
            try:
                socket.socket(fileno={listener.fileno()}).accept()
            except OSError as error:
                print(errno.errorcode[error.errno])
            '''.replace("\n            ", "\n")])
            """.Replace("\n            ", "\n", StringComparison.Ordinal));
        server.WaitForOutput("waits");

        Net("stop");

        Assert.That(server.Succeed(), Does.Contain("ENETDOWN\n"));
    }

    [Test]
    public void Who_tries_again_and_again_is_slowed_down()
    {
        RunningProgram server = Run("--", Programs.Python, "-u", "-c", """
            import errno, select, socket, time
            listener = socket.create_server(("", 80))
            print("waits")
            select.select([listener], [], []) # as python's own servers do
            begin = time.monotonic()
            for attempt in range(5):
                try:
                    listener.accept()
                except OSError as error:
                    print(errno.errorcode[error.errno])
            print(time.monotonic() - begin >= 0.9)
            """);
        server.WaitForOutput("waits");

        Net("stop");

        Assert.That(server.Succeed(), Does.EndWith("ENETDOWN\nENETDOWN\nTrue\n"));
    }

    private RunningProgram StartPrefork(string manner)
    {
        RunningProgram server = Run("-a", "10.40.0.9", "--", Programs.Python, "-u", "-c", Prefork, manner);
        Eventually.True(() => Count(server.Output, "waits") == 3, () => server.Transcript);
        return server;
    }

    private void KillNetwork()
    {
        using var process = Process.GetProcessById(Status("pid"));
        process.Kill();
        process.WaitForExit();
    }

    private static int Count(string text, string word) => text.Split(word).Length - 1;
}
