using Pyco.Network.Gateway;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Gateway;

internal sealed class DestinationsTests
{
    private const string Gateway = "10.40.0.1";

    [TestCase("", "192.0.2.7:80", "192.0.2.7:80")]
    [TestCase("", "127.0.0.1:80", null)]
    [TestCase("", "169.254.169.254:80", null)]
    [TestCase("0.0.0.0/0", "192.0.2.7:80", "192.0.2.7:80")]
    [TestCase("0.0.0.0/0", "169.254.169.254:80", null, Description = "a rule for everything is none for this")]
    [TestCase("169.254.169.254", "169.254.169.254:80", "169.254.169.254:80")]
    [TestCase("192.0.2.0/24:443", "192.0.2.7:443", "192.0.2.7:443")]
    [TestCase("192.0.2.0/24:443", "192.0.2.7:80", null)]
    [TestCase("192.0.2.0/24:443", "198.51.100.1:443", null)]
    public void Hosts_reach_what_rules_allow_and_without_rules_all_that_is_not_the_machines_own(
        string rules, string asked, string? expected)
    {
        Verdict verdict = Find(rules, asked, out IpEndpoint outside);
        Assert.That(verdict, Is.EqualTo(expected is null ? Verdict.Prohibited : Verdict.Permitted));
        if (expected is not null)
            Assert.That(outside.ToString(), Is.EqualTo(expected));
    }

    [TestCase("", "10.40.0.1:8080", null)]
    [TestCase("0.0.0.0/0", "10.40.0.1:8080", null)]
    [TestCase("127.0.0.1:8080", "10.40.0.1:8080", "127.0.0.1:8080")]
    [TestCase("127.0.0.1:8080", "10.40.0.1:8081", null)]
    public void The_machines_loopback_is_at_the_gateways_address_as_far_as_a_rule_names_it(string rules, string asked, string? expected)
    {
        Verdict verdict = Find(rules, asked, out IpEndpoint outside);
        Assert.That(verdict, Is.EqualTo(expected is null ? Verdict.NobodyThere : Verdict.Permitted));
        if (expected is not null)
            Assert.That(outside.ToString(), Is.EqualTo(expected));
    }

    [TestCase("10.40.0.1:53", TestName = "Names_are_asked_for_at_the_gateway")]
    [TestCase("192.0.2.53:53", TestName = "Names_are_asked_for_where_the_machine_does_so_too")]
    public void Names_are_asked_for(string asked)
    {
        Assert.That(Find("198.51.100.0/24", asked, out IpEndpoint outside), Is.EqualTo(Verdict.Permitted));
        Assert.That(outside.ToString(), Is.EqualTo("192.0.2.53:53"));
    }

    [Test]
    public void The_machines_name_server_is_the_first_of_resolv_conf()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "# nameserver 192.0.2.1\nsearch example.org\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n");
            NameServer server = new(null, path);
            Instant now = new(TimeSpan.TicksPerHour);
            Assert.That(server.Current(now)?.ToString(), Is.EqualTo("192.0.2.2:53"));
            File.WriteAllText(path, "nameserver 192.0.2.4\n");
            Assert.That(server.Current(now + TimeSpan.FromSeconds(60))?.ToString(), Is.EqualTo("192.0.2.4:53"), "the machine has moved");
            File.Delete(path);
            Assert.That(server.Current(now + TimeSpan.FromSeconds(120)), Is.Null);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static Verdict Find(string rules, string asked, out IpEndpoint outside)
    {
        AllowRule[] allowed =
        [
            .. rules.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(text => AllowRule.TryParse(text, out AllowRule? rule) ? rule : throw new FormatException(text)),
        ];
        NameServer server = new(Endpoint("192.0.2.53:53"));
        return new Destinations(allowed, IpAddress.Parse(Gateway), server).Find(Endpoint(asked), new Instant(1), out outside);
    }

    private static IpEndpoint Endpoint(string text)
    {
        string[] parts = text.Split(':');
        return new IpEndpoint(IpAddress.Parse(parts[0]), ushort.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
