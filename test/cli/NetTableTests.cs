using System.Text.Json;
using Pyco.Cli.Net;

namespace Pyco.Cli.Tests;

/// <summary>What pyco-net makes of a network's answers.</summary>
internal sealed class NetTableTests
{
    private const string Empty = """{"path":"/n","uptime":1,"hosts":[],"plugs":[]}""";

    [TestCase(0, "0")]
    [TestCase(999.4, "999")]
    [TestCase(999.6, "1.00k")]
    [TestCase(1234, "1.23k")]
    [TestCase(12_345, "12.3k")]
    [TestCase(99_960, "100k")]
    [TestCase(1_500_000, "1.50M")]
    [TestCase(23_400_000_000, "23.4G")]
    public void Rates_have_three_figures(double rate, string expected) => Assert.That(Rates.Short(rate), Is.EqualTo(expected));

    [Test]
    public void Rates_are_what_passed_between_two_answers_in_the_network_s_own_time()
    {
        StationSample sample = new(Answer(uptime: 12.5, sent: 3_000, received: 500), new(Answer(uptime: 10, sent: 500, received: 250)));
        Assert.That(sample.RatesOf(sample.Stations[0]), Is.EqualTo(new Rates(1000, 8000, 100, 800)));
        using var json = JsonDocument.Parse(sample.ToJson());
        JsonElement host = json.RootElement.GetProperty("hosts")[0];
        Assert.That(host.GetProperty("bitsSentPerSecond").GetDouble(), Is.EqualTo(8000));
        Assert.That(host.GetProperty("framesReceivedPerSecond").GetDouble(), Is.EqualTo(100));
        Assert.That(host.GetProperty("socketList").GetArrayLength(), Is.Zero, "what the network said stays");
    }

    [Test]
    public void A_station_that_was_not_there_before_has_no_rates()
    {
        StationSample sample = new(Answer(uptime: 12, sent: 3_000, received: 500), new(Empty));
        Assert.That(sample.RatesOf(sample.Stations[0]), Is.Null);
        Assert.That(sample.ToJson(), Does.Contain("\"bitsSentPerSecond\":null"));
        Assert.That(
            NetHosts.Describe(sample).Split('\n')[1],
            Does.Match(@"^10\.40\.0\.32/24  02:00:00:00:00:01  3 +77 +2 +- +- +500 +3000 +0 +7 +nginx$"));
    }

    [Test]
    public void The_names_of_hosts_are_shown_where_one_has_a_name()
    {
        string answer = $$"""
            {"path":"/n","uptime":1,"hosts":[{{Host("10.40.0.2", 1, 0, 0)}},{{Host("10.40.0.3", 2, 0, 0, name: "web")}}],"plugs":[]}
            """;
        string[] lines = NetHosts.Describe(new(answer)).Split('\n');
        Assert.That(lines[0], Does.StartWith("ADDRESS       NAME  MAC "));
        Assert.That(lines[1], Does.StartWith("10.40.0.2/24  -     02:"));
        Assert.That(lines[2], Does.StartWith("10.40.0.3/24  web   02:"));
        Assert.That(NetHosts.Describe(new(Answer(uptime: 1, sent: 0, received: 0))), Does.Not.Contain("NAME"));
    }

    [Test]
    public void A_name_that_another_host_has_is_shown_with_that_one_s_address()
    {
        string answer = $$"""
            {"path":"/n","uptime":1,"hosts":[{{Host("10.40.0.3", 2, 0, 0, name: "web", nameHolder: "10.40.0.2")}}],"plugs":[]}
            """;
        Assert.That(NetHosts.Describe(new(answer)).Split('\n')[1], Does.StartWith("10.40.0.3/24  web=10.40.0.2  02:"));
    }

    [TestCase("")]
    [TestCase("127.0.0.1:8080:80", "tcp 127.0.0.1:8080 80")]
    [TestCase("[::]:8080:80,127.0.0.1:53:5353/udp", "tcp [::]:8080 80", "udp 127.0.0.1:53 5353")]
    [TestCase("127.0.0.1:1:1,127.0.0.1:2:2,+2", "tcp 127.0.0.1:1 1", "tcp 127.0.0.1:2 2", "tcp 127.0.0.1:3 3", "tcp 127.0.0.1:4 4")]
    public void Published_ports_are_shown_where_there_are_some(string expected, params string[] ports)
    {
        string published = string.Join(',', ports.Select(port => port.Split(' ')).Select(parts =>
            $$"""{"protocol":"{{parts[0]}}","outside":"{{parts[1]}}","inside":{{parts[2]}}}"""));
        StationSample sample = new($$"""{"path":"/n","uptime":1,"hosts":[{{Host("10.40.0.2", 1, 0, 0, published: published)}}],"plugs":[]}""");
        string[] lines = NetHosts.Describe(sample).Split('\n');
        Assert.That(lines[0], Does.EndWith(expected.Length > 0 ? $"UNREAD  {"PUBLISHED".PadRight(expected.Length)}  PROGRAM" : "UNREAD  PROGRAM"));
        Assert.That(lines[1], Does.EndWith(expected.Length > 0 ? $"  {expected.PadRight("PUBLISHED".Length)}  nginx" : "7       nginx"));
        if (ports.Length > 0)
            Assert.That(sample.ToJson(), Does.Contain(published), "all, for programs");
    }

    [TestCase("""{"path":"/n","hosts":[],"plugs":[]}""", "runs an older version, and this is ")]
    [TestCase("""{"path":"/n","version":"0.0.9","uptime":1,"hosts":[{"addresses":[]}],"plugs":[]}""", "runs version 0.0.9, and this is ")]
    public void What_a_network_of_another_version_does_not_tell_is_no_crash(string answer, string expected)
    {
        LaunchException failure = Assert.Throws<LaunchException>(() => _ = new StationSample(answer))!;
        Assert.That(failure.Message, Does.StartWith("the network at /n " + expected).And.EndWith(": stop it with pyco-net stop, and start it again"));
    }

    [Test]
    public void Another_program_at_the_same_port_is_another_station()
    {
        string other = Answer(uptime: 10, sent: 500, received: 250).Replace("T00:00:00Z", "T00:00:07Z", StringComparison.Ordinal);
        StationSample sample = new(Answer(uptime: 12, sent: 3_000, received: 500), new(other));
        Assert.That(sample.RatesOf(sample.Stations[0]), Is.Null);
    }

    [Test]
    public void Top_shows_the_busiest_first_and_the_sum()
    {
        string Both(double uptime, long first, long second) =>
            $$"""{"path":"/n","uptime":{{uptime}},"hosts":[{{Host("10.40.0.2", 1, first, 0)}},{{Host("10.40.0.3", 2, second, 0)}}],"plugs":[]}""";
        string[] lines = NetTop.Describe(new(Both(3662, 1000, 5000), new(Both(3661, 0, 0)))).Split('\n');
        Assert.That(lines[0], Is.EqualTo("/n: 2 hosts, 0 plugs, up 1:01:02"));
        Assert.That(lines[1], Is.EqualTo("all together 6.00k frames/s, 48.0kbit/s"));
        Assert.That(lines[3], Does.StartWith("ADDRESS"));
        Assert.That(lines[4], Does.StartWith("10.40.0.3/24"));
        Assert.That(lines[5], Does.StartWith("10.40.0.2/24"));
    }

    [Test]
    public void What_is_drawn_fits_the_screen_and_leaves_nothing_of_before()
    {
        Assert.That(NetTop.Draw("first line\nsecond\nthird\n", rows: 2, columns: 5), Is.EqualTo("\e[Hfirst\e[K\r\nsecon\e[K\e[J"));
        Assert.That(NetTop.Draw("a\n", rows: 24, columns: 80), Is.EqualTo("\e[Ha\e[K\e[J"));
    }

    [Test]
    public void The_status_counts_what_goes_through_the_gateway()
    {
        const string answer = """
            {"path":"/n","pid":7,"subnet":"10.40.0.0/24","gateway":"10.40.0.1","mtu":1500,"hub":false,"hosts":1,"plugs":0,"stations":2,"ports":[],
            "nat":{"connections":2,"flows":1,"leases":1,"denied":0}}
            """;
        Assert.That(
            JsonText.Read(answer, NetViews.DescribeStatus).Split('\n')[1..3],
            Is.EqualTo(new[] { "1 host, 0 plugs, 2 stations", "way out: 2 connections, 1 UDP flow, 1 lease, 0 denied" }));
    }

    [Test]
    public void The_status_names_the_port_that_is_blocked()
    {
        static string Port(int number, bool blocked) =>
            $$"""{"number":{{number}},"kind":"plug","description":"vdeplug: ","blocked":{{(blocked ? "true" : "false")}},"framesIn":1,"octetsIn":60,"framesOut":1,"octetsOut":60,"dropped":0}""";
        string answer = $$"""
            {"path":"/n","pid":7,"subnet":"10.40.0.0/24","gateway":"10.40.0.1","mtu":1500,"hub":false,"hosts":0,"plugs":2,"stations":2,
            "ports":[{{Port(1, blocked: false)}},{{Port(2, blocked: true)}}],"nat":null}
            """;
        string[] lines = JsonText.Read(answer, NetViews.DescribeStatus).TrimEnd().Split('\n');
        Assert.That(lines[^1], Does.EndWith("vdeplug:  (blocked: a loop)"));
        Assert.That(lines[^2], Does.EndWith("vdeplug:"));
    }

    [Test]
    public void Numbers_end_below_each_other()
    {
        Columns table = new("A", "N") { Numbers = new HashSet<string> { "N" } };
        table.Add("long", "1");
        table.Add("b", "100");
        Assert.That(table.ToString(), Is.EqualTo("A       N\nlong    1\nb     100\n"));
    }

    [TestCase("2026-11-26 01:56:27.123Z host \"a\" is up", """{"time":"2026-11-26T01:56:27.123Z","message":"host \u0022a\u0022 is up"}""")]
    [TestCase("Unhandled exception. System.Exception", """{"time":null,"message":"Unhandled exception. System.Exception"}""")]
    [TestCase("", """{"time":null,"message":""}""")]
    public void A_line_of_the_log_has_a_time_and_a_message(string line, string expected) =>
        Assert.That(NetLog.ToJson(line), Is.EqualTo(expected + "\n"));

    [Test]
    public void A_log_is_read_on_in_the_file_that_follows()
    {
        string folder = Directory.CreateTempSubdirectory("pyco-log-").FullName;
        try
        {
            string path = $"{folder}/log";
            File.WriteAllText(path, "one\ntwo\nthr");
            using LogFile log = new(path);
            Assert.That(log.ReadNew(), Is.EqualTo(new[] { "one", "two" }));
            File.AppendAllText(path, "ee\nfour\n");
            File.Move(path, $"{path}.1");
            File.WriteAllText(path, "five\n");
            Assert.That(log.ReadNew(), Is.EqualTo(new[] { "three", "four", "five" }));
            Assert.That(log.ReadNew(), Is.Empty);
            Assert.That(log.ReadBefore(), Is.EqualTo(new[] { "one", "two", "three", "four" }));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Answer(double uptime, long sent, long received) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $$"""{"path":"/n","uptime":{{uptime}},"hosts":[{{Host("10.40.0.32", 3, sent, received)}}],"plugs":[]}""");

    private static string Json(string? text) => text is null ? "null" : $"\"{text}\"";

    private static string Host(string address, int port, long sent, long received, string? name = null, string? nameHolder = null, string published = "") =>
        $$"""
        {"addresses":["{{address}}/24"],"name":{{Json(name)}},"nameHolder":{{Json(nameHolder)}},"mac":"02:00:00:00:00:01","port":{{port}},"program":"nginx","pid":77,"uid":0,
        "since":"2026-11-26T00:00:00Z","sockets":2,"datagramsDropped":7,"published":[{{published}}],"framesSent":{{sent}},"octetsSent":{{sent}},"framesReceived":{{received}},
        "octetsReceived":{{received}},"dropped":0,"socketList":[]}
        """;
}
