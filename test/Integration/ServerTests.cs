using System.Text.RegularExpressions;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Servers that are not for the web: redis, sshd, netcat, and several that share one address.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class ServerTests(WireKind kind) : WireTest(kind)
{
    [Test]
    public void Redis_keeps_a_value_for_another_host()
    {
        string server = StartRedis();

        string stored = RedisCli(server, "set", "colour", "blue");
        string read = RedisCli(server, "get", "colour");

        Assert.That(stored, Is.EqualTo("OK\n"));
        Assert.That(read, Is.EqualTo("blue\n"));
    }

    [Test]
    public void Redis_benchmark_runs_through()
    {
        string server = StartRedis();

        string report = Wire.RunAt(
            Wire.FreshAddress(), "redis-benchmark", "-h", server, "-n", "5000", "-c", "50", "-q", "-t", "set,get,lrange_100").Succeed();

        Assert.That(Regex.Count(report, @"requests per second, p50="), Is.GreaterThanOrEqualTo(3), report);
    }

    [Test]
    public void Ssh_runs_a_command_and_scp_copies_50_MB()
    {
        string server = Wire.FreshAddress();
        string[] client = Wire.StartSshd(server);
        string file = Wire.WriteRandom("large", 50_000_000);

        string answer = Wire.RunAt(Wire.FreshAddress(), ["ssh", .. client, $"{Environment.UserName}@{server}", "echo $SSH_CONNECTION"]).Succeed();
        Wire.RunAt(Wire.FreshAddress(), ["scp", .. client, file, $"{Environment.UserName}@{server}:{Wire.PathOf("copy")}"])
            .Succeed(TimeSpan.FromMinutes(2));

        Assert.That(answer, Does.Match($@"^10\.40\.0\.\d+ \d+ {Regex.Escape(server)} 22\n$"));
        Assert.That(Programs.Hash(Wire.PathOf("copy")), Is.EqualTo(Programs.Hash(file)));
    }

    [Test]
    public void Netcat_carries_a_file_over_TCP()
    {
        string server = Wire.FreshAddress();
        string file = Wire.WriteRandom("file", 3_000_000);
        RunningProgram listener = Wire.RunAt(server, "bash", "-c", "nc.openbsd -n -v -l 9000 > received");
        listener.WaitForOutput("Listening on");

        Wire.RunAt(Wire.FreshAddress(), "bash", "-c", $"nc.openbsd -n -N {server} 9000 < {file}").Succeed();
        listener.Succeed();

        Assert.That(Programs.Hash(Wire.PathOf("received")), Is.EqualTo(Programs.Hash(file)));
    }

    [Test]
    public void Netcat_talks_both_ways_over_UDP()
    {
        string server = Wire.FreshAddress();
        RunningProgram listener = Wire.RunAt(server, "nc.openbsd", "-n", "-u", "-v", "-l", "9000");
        listener.WaitForOutput("Bound on");
        RunningProgram client = Wire.RunAt(Wire.FreshAddress(), "nc.openbsd", "-n", "-u", server, "9000");

        client.WriteLine("a question");
        listener.WaitForOutput("a question\n");
        listener.WriteLine("an answer");
        client.WaitForOutput("an answer\n");

        listener.WaitForOutput("Connection received on");
    }

    [Test]
    public void Bash_speaks_TCP_by_itself()
    {
        string server = Wire.FreshAddress();
        Wire.Write("site/index.html", "for bash");
        Wire.ServePython(server, Wire.PathOf("site"));

        string answer = Wire.RunAt(
            Wire.FreshAddress(), "bash", "-c", $"exec 3<>/dev/tcp/{server}/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3").Succeed();

        Assert.That(answer, Does.EndWith("for bash\n"));
    }

    [Test]
    public void Servers_started_by_one_script_share_its_address()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress();
        Wire.Write("site/index.html", "for all");
        Wire.RunAt(server, "bash", "-c", $"""
            {Programs.Python} -m http.server 8000 --directory site &
            redis-server --port 6379 --save '' --bind 0.0.0.0 --protected-mode no --daemonize no &
            node -e "require('http').createServer((q, r) => r.end('node')).listen(3000)" &
            {string.Join(' ', Programs.NginxCommand(Wire, "shared", Wire.PathOf("site")))} &
            wait
            """);
        foreach (int port in new[] { 8000, 6379, 3000, 80 })
            Wire.WaitUntilListening(server, port);

        Assert.That(Curl($"http://{server}:8000/", at: client), Is.EqualTo("for all\n"));
        Assert.That(Curl($"http://{server}:3000/", at: client), Is.EqualTo("node\n"));
        Assert.That(Curl($"http://{server}/", at: client), Is.EqualTo("for all\n"));
        Assert.That(RedisCli(server, "ping"), Is.EqualTo("PONG\n"));
    }

    [Test]
    public void Programs_of_one_host_reach_each_other_by_its_address_and_by_loopback()
    {
        string address = Wire.FreshAddress();
        Wire.Write("site/index.html", "from within");
        string answers = Wire.RunAt(address, "bash", "-c", $"""
            {Programs.Python} -m http.server 80 --directory site >/dev/null 2>&1 &
            for to in {address} 127.0.0.1 localhost; do
              curl -sS --retry 20 --retry-connrefused --retry-delay 1 http://$to/; echo " by $to"
            done
            kill $!
            """).Succeed();

        Assert.That(answers, Is.EqualTo($"from within by {address}\nfrom within by 127.0.0.1\nfrom within by localhost\n"));
    }

    private string StartRedis()
    {
        string server = Wire.FreshAddress();
        Wire.RunAt(server, "redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "");
        Wire.WaitUntilListening(server, 6379);
        return server;
    }

    private string RedisCli(string server, params IEnumerable<string> command) =>
        Wire.RunAt(Wire.FreshAddress(), ["redis-cli", "-h", server, .. command]).Succeed();
}
