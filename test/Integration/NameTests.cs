using System.Diagnostics;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Programs find others by name: through the gateway of a network with a way out, and in the network itself.</summary>
internal sealed class NameTests : NetworkTest
{
    private const string Server = "10.40.0.9"; // host.example.org

    [Test]
    public void Every_function_for_names_asks_the_gateway_s_name_server()
    {
        StartNames();

        RunningProgram program = Run("--", Programs.Python, "-c", """
            import socket
            from socket import *

            def tell(what):
                try:
                    print(what())
                except OSError as error:
                    print(error.args[0])

            def addresses(name, family=0, flags=0):
                return [(a[3], a[4][0]) for a in getaddrinfo(name, 80, family, SOCK_STREAM, 0, flags)]

            tell(lambda: addresses("www.example.org"))
            tell(lambda: addresses("alias.example.org.", flags=AI_CANONNAME))
            tell(lambda: addresses("six.example.org", AF_INET6))
            tell(lambda: addresses("www.example.org", AF_INET6) == EAI_NODATA)
            tell(lambda: addresses("www.example.org", AF_INET6, AI_V4MAPPED))
            tell(lambda: addresses("www.example.org", flags=AI_NUMERICHOST))
            tell(lambda: gethostbyname_ex("alias.example.org"))
            tell(lambda: gethostbyaddr("203.0.113.5"))
            tell(lambda: getnameinfo(("203.0.113.5", 80), NI_NAMEREQD))
            tell(lambda: getnameinfo(("203.0.113.6", 80), 0))
            tell(lambda: len(addresses("many.example.org")))
            tell(lambda: len(gethostbyname_ex("many.example.org")[2]))
            """);

        Assert.That(program.Succeed(), Is.EqualTo("""
            [('', '203.0.113.5')]
            [('www.example.org', '203.0.113.5')]
            [('', '2001:db8::5')]
            -5
            [('', '::ffff:203.0.113.5')]
            -2
            ('www.example.org', [], ['203.0.113.5'])
            ('www.example.org', [], ['203.0.113.5'])
            ('www.example.org', 'http')
            ('203.0.113.6', 'http')
            60
            60

            """));
    }

    [Test]
    public void A_long_answer_is_fetched_by_TCP()
    {
        RunningProgram names = StartNames();

        Run("--", "getent", "ahostsv4", "many.example.org").Succeed();

        names.WaitForOutput("many.example.org 1 udp\nmany.example.org 1 tcp\n");
    }

    [Test]
    public void Names_are_looked_for_in_the_search_domains_as_libc_does()
    {
        RunningProgram names = StartNames();
        int seen = 0;
        string Find(string name)
        {
            RunningProgram program = Run("--dns-search", "empty.example.net", "--dns-search", "example.org", "--", "getent", "ahostsv4", name);
            return program.WaitForExit() == 0 ? program.Output.Split(' ')[0] : $"{program.WaitForExit()}";
        }
        // What the server prints comes by a pipe, perhaps after its answer. One name too many would stand before the next ones.
        void AssertAsked(params string[] expected)
        {
            string[] Asked() =>
                [.. names.Output.Split('\n').Where(line => line.EndsWith(" udp", StringComparison.Ordinal)).Select(line => line.Split(' ')[0])];
            Eventually.True(() => Asked().Length >= seen + expected.Length, () => $"{string.Join(", ", expected)} in the output of\n{names.Transcript}");
            string[] asked = Asked();
            Assert.That(asked[seen..], Is.EqualTo(expected));
            seen = asked.Length;
        }

        Assert.That(Find("www"), Is.EqualTo("203.0.113.5"));
        AssertAsked("www.empty.example.net", "www.example.org");
        Assert.That(Find("www.example.org"), Is.EqualTo("203.0.113.5"));
        AssertAsked("www.example.org"); // as it is first
        Assert.That(Find("a.b"), Is.EqualTo("2"));
        AssertAsked("a.b", "a.b.empty.example.net", "a.b.example.org");
        Assert.That(Find("www."), Is.EqualTo("2"));
        AssertAsked("www"); // a dot at the end says that it is whole
        Assert.That(Find("none"), Is.EqualTo("2"));
        AssertAsked("none.empty.example.net", "none.example.org", "none");
    }

    [TestCase("getaddrinfo('none.example.org', 80)", "-2")] // EAI_NONAME
    [TestCase("getaddrinfo('empty.example.org', 80)", "-5")] // EAI_NODATA
    [TestCase("getaddrinfo('broken.example.org', 80)", "-3")] // EAI_AGAIN
    [TestCase("getaddrinfo('no host', 80)", "-2")]
    [TestCase("gethostbyname('none.example.org')", "-2")]
    [TestCase("gethostbyaddr('203.0.113.6')", "1")] // HOST_NOT_FOUND
    [TestCase("getnameinfo(('203.0.113.6', 80), NI_NAMEREQD)", "-2")]
    public void What_the_name_server_does_not_know_is_told_as_libc_does(string call, string expected)
    {
        StartNames();
        Assert.That(Error(call), Is.EqualTo($"{expected}\n"));
    }

    [Test]
    public void Without_an_answer_it_asks_twice_and_says_so_after_ten_seconds()
    {
        RunningProgram names = StartNames();
        var watch = Stopwatch.StartNew();

        Assert.That(Error("getaddrinfo('silent.example.org', 80)"), Is.EqualTo("-3\n"));

        Assert.That(watch.Elapsed, Is.GreaterThan(TimeSpan.FromSeconds(10)));
        Assert.That(names.Output.Split("silent.example.org 1 udp"), Has.Length.EqualTo(3));
    }

    [Test]
    public void Where_nobody_listens_it_says_so_at_once()
    {
        RunningProgram names = StartNames();
        names.Signal(9);
        names.WaitForExit();

        // One query that nobody answers would take five seconds already.
        Assert.That(Run("--", Programs.Python, "-c", """
            import socket, time
            begin = time.monotonic()
            try:
                socket.getaddrinfo("www.example.org", 80)
            except OSError as error:
                print(error.args[0], time.monotonic() - begin < 5)
            """).Succeed(), Is.EqualTo("-3 True\n"));
    }

    [Test]
    public void Curl_node_and_java_fetch_by_name()
    {
        StartNames();
        File.WriteAllText($"{Folder}/note", "hello\n");
        ServeFolder();
        const string url = "http://host.example.org/note";

        Assert.That(Run("--", "curl", "-sS", "--fail", url).Succeed(), Is.EqualTo("hello\n"));
        Assert.That(
            Run("--", "node", "-e", $"require('http').get('{url}', r => r.on('data', d => process.stdout.write(d)))").Succeed(),
            Is.EqualTo("hello\n"));
        Assert.That(Run("--", "java", Repository.Program("Fetch.java"), url).Succeed(), Is.EqualTo("200 hello\n\n"));
    }

    [Test]
    public void A_program_that_reads_after_asking_for_a_name_need_not_be_asked_what_it_reads()
    {
        StartNames();
        RunningProgram program = Run("--", "strace", "-f", "-e", "trace=getsockopt", Programs.Python, "-c", """
            import os, socket
            socket.getaddrinfo("www.example.org", 80)
            print("asked", flush=True)
            descriptor = os.open("/dev/zero", os.O_RDONLY)
            os.read(descriptor, 1)
            """);

        program.Succeed();

        Assert.That(program.Errors[program.Errors.LastIndexOf("SO_COOKIE", StringComparison.Ordinal)..], Does.Not.Contain("ENOTSOCK"));
    }

    [Test]
    public void Hosts_of_a_network_find_each_other_by_their_names_without_any_name_server()
    {
        File.WriteAllText($"{Folder}/note", "hello\n");
        ServeFolder("--hostname", "web");

        Assert.That(Run("--", "curl", "-sS", "--fail", "http://web/note").Succeed(), Is.EqualTo("hello\n"));
        Assert.That(Run("--", "curl", "-sS", "--fail", "http://WEB./note").Succeed(), Is.EqualTo("hello\n"));
        Assert.That(Run("--", "getent", "hosts", Server).Succeed(), Does.Match(@"^10\.40\.0\.9 +web\n$"));
        Assert.That(Error("getaddrinfo('other', 80)"), Is.EqualTo("-2\n"));
    }

    [Test]
    public void Of_two_hosts_with_one_name_the_first_is_found_which_the_second_is_told_and_the_second_follows_it()
    {
        RunningProgram first = Run("-a", "10.40.0.5", "--hostname", "web", "--", "sh", "-c", "echo up; read -r line");
        first.WaitForOutput("up");
        RunningProgram second = Run("-a", "10.40.0.6", "--hostname", "Web", "--", "sh", "-c", "echo up; read -r line");
        second.WaitForOutput("up");
        RunningProgram third = Run("-q", "-a", "10.40.0.7", "--hostname", "web", "--", "true");
        third.Succeed();
        second.WaitForOutput("hides this");

        Assert.That(first.Errors + third.Errors, Is.Empty);
        Assert.That(second.Errors, Is.EqualTo(
            "pyco-run: other hosts find 10.40.0.5 by the name Web, and not 10.40.0.6, until that one ends (-q hides this)\n"));
        Assert.That(Net("ps"), Does.Contain(" web  ").And.Contain(" Web=10.40.0.5  "));
        Assert.That(Find("web"), Does.StartWith("10.40.0.5 "));
        Assert.That(Net("log"), Does.Contain("10.40.0.6/24 is not found by its name Web: 10.40.0.5 has it already"));
        first.WriteLine("end");
        first.Succeed();
        Eventually.True(() => Find("web").StartsWith("10.40.0.6 ", StringComparison.Ordinal), () => "the second");
    }

    [TestCase("www.example.org")]
    [TestCase("localhost")]
    public void A_host_does_not_take_a_name_that_means_somebody_else(string name)
    {
        StartNames();
        Run("-a", "10.40.0.5", "--hostname", name, "--", "sh", "-c", "echo up; read -r line").WaitForOutput("up");

        Assert.That(Run("--", "getent", "ahostsv4", name).WaitForExit() == 0 ? Find(name) : "", Does.Not.Contain("10.40.0.5"));
    }

    /// <summary>No route leads to ::1; asyncio, for one, gives up if one of a name's addresses cannot be bound.</summary>
    [Test]
    public void A_server_can_listen_at_all_addresses_of_localhost() =>
        Assert.That(Run("--", Programs.Python, "-c", """
            import asyncio
            async def main():
                server = await asyncio.start_server(print, "localhost", 7)
                print(*[listener.getsockname() for listener in server.sockets])
            asyncio.run(main())
            """).Succeed(), Is.EqualTo("('127.0.0.1', 7)\n"));

    private string Find(string name) => Run("--", "getent", "ahostsv4", name).Succeed();

    /// <summary>Starts a name server on the machine's loopback, and the default network with a way to it.</summary>
    private RunningProgram StartNames()
    {
        RunningProgram names = Start(Programs.Python, Repository.Program("names.py"), "127.0.0.1", "0");
        names.WaitForOutput("port ");
        string port = names.Output.Split('\n')[0]["port ".Length..];
        Net("start", "--nat", "--allow", "192.0.2.1", "--dns", $"127.0.0.1:{port}");
        return names;
    }

    private void ServeFolder(params string[] options)
    {
        RunningProgram server = Run(["-a", Server, .. options, "--", Programs.Python, "-u", "-m", "http.server", "80", "--directory", Folder]);
        server.WaitForOutput("Serving HTTP");
    }

    /// <summary>The number of the error that a call of python's socket module ends with.</summary>
    private string Error(string call) => Run("--", Programs.Python, "-c", $"""
        from socket import *
        try:
            print({call})
        except OSError as error:
            print(error.args[0])
        """).Succeed();
}
