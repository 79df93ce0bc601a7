using Pyco.Host;
using Pyco.Network.Gateway;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Gateway;

internal sealed class AllowRuleTests
{
    [TestCase("192.0.2.7")]
    [TestCase("192.0.2.0/24")]
    [TestCase("192.0.2.7:443")]
    [TestCase("0.0.0.0/0:1-1023")]
    public void A_rule_reads_as_it_is_written(string text)
    {
        Assert.That(AllowRule.TryParse(text, out AllowRule? rule), Is.True);
        Assert.That(rule!.ToString(), Is.EqualTo(text));
    }

    [TestCase("")]
    [TestCase("example.org")]
    [TestCase("192.0.2.7/24", Description = "a host's address with a subnet's length")]
    [TestCase("192.0.2.0/33")]
    [TestCase("192.0.2.7:0")]
    [TestCase("192.0.2.7:65536")]
    [TestCase("192.0.2.7:9-8")]
    [TestCase("192.0.2.7:1-2-3")]
    [TestCase("192.0.2.7:http")]
    [TestCase("::1")]
    [TestCase("192.0.2.7:1:2")]
    public void What_is_no_rule_is_refused(string text) => Assert.That(AllowRule.TryParse(text, out _), Is.False);

    [TestCase("192.0.2.0/24:80-90", "192.0.2.200", 80, true)]
    [TestCase("192.0.2.0/24:80-90", "192.0.2.200", 90, true)]
    [TestCase("192.0.2.0/24:80-90", "192.0.2.200", 91, false)]
    [TestCase("192.0.2.0/24:80-90", "192.0.3.1", 80, false)]
    [TestCase("192.0.2.0/24", "192.0.2.1", 65535, true)]
    public void It_covers_addresses_and_ports(string text, string address, int port, bool expected)
    {
        Assert.That(Rule(text).Covers(IpAddress.Parse(address), (ushort)port), Is.EqualTo(expected));
    }

    [Test]
    public void Echo_requests_have_no_port_and_need_a_rule_for_all_of_them()
    {
        Assert.That(Rule("192.0.2.7:80").Covers(IpAddress.Parse("192.0.2.7"), null), Is.False);
        Assert.That(Rule("192.0.2.7").Covers(IpAddress.Parse("192.0.2.7"), null), Is.True);
    }

    [Test]
    public void A_networks_options_take_the_gateways_along()
    {
        NetworkOptions options = new()
        {
            Path = "/nowhere",
            Gateway = IpAddress.Parse("10.40.0.1"),
            Nat = new GatewayOptions
            {
                Allowed = [Rule("127.0.0.1:8080"), Rule("0.0.0.0/0")],
                NameServer = new IpEndpoint(IpAddress.Parse("192.0.2.53"), 5353),
                HasDhcp = false,
            },
        };
        GatewayOptions read = NetworkOptions.Read(options.Write()).Nat!;
        Assert.That(read.Allowed, Is.EqualTo(options.Nat.Allowed));
        Assert.That((read.NameServer, read.HasDhcp), Is.EqualTo((options.Nat.NameServer, false)));
        Assert.That(NetworkOptions.Read((options with { Nat = new GatewayOptions() }).Write()).Nat!.Allowed, Is.Empty);
        Assert.That(NetworkOptions.Read((options with { Nat = null }).Write()).Nat, Is.Null);
    }

    [TestCase("192.0.2.53", "192.0.2.53:53")]
    [TestCase("127.0.0.1:5353", "127.0.0.1:5353")]
    [TestCase("2001:db8::1", "[2001:db8::1]:53")]
    [TestCase("10.1", null)]
    [TestCase("0.0.0.0", null)]
    [TestCase("dns.example.org", null)]
    public void A_name_server_has_an_address_and_perhaps_a_port(string text, string? expected) =>
        Assert.That(NameServerAddress.TryParse(text, out IpEndpoint server) ? server.ToString() : null, Is.EqualTo(expected));

    private static AllowRule Rule(string text) => AllowRule.TryParse(text, out AllowRule? rule) ? rule : throw new FormatException(text);
}
