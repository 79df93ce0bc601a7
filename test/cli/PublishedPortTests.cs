using Pyco.Cli.Run;
using Pyco.Host;
using Pyco.Host.Publishing;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Cli.Tests;

/// <summary>What -p understands.</summary>
internal sealed class PublishedPortTests
{
    [TestCase("8080:80", "127.0.0.1", 8080, 80, false)]
    [TestCase("8080:80/tcp", "127.0.0.1", 8080, 80, false)]
    [TestCase("5353:53/udp", "127.0.0.1", 5353, 53, true)]
    [TestCase("8080", "127.0.0.1", 8080, 8080, false)]
    [TestCase("53/udp", "127.0.0.1", 53, 53, true)]
    [TestCase("0:80", "127.0.0.1", 0, 80, false)]
    [TestCase("127.0.0.2:8080:80", "127.0.0.2", 8080, 80, false)]
    [TestCase("127.0.0.2:8080", "127.0.0.2", 8080, 8080, false)]
    [TestCase("0.0.0.0:8080:80", "0.0.0.0", 8080, 80, false)]
    [TestCase("[::1]:8080:80", "::1", 8080, 80, false)]
    [TestCase("[::]:5353:53/udp", "::", 5353, 53, true)]
    [TestCase("65535:65535", "127.0.0.1", 65535, 65535, false)]
    public void A_port_outside_leads_to_one_inside(string text, string address, int outside, int inside, bool isUdp)
    {
        Assert.That(PublishedPort.TryParse(text, out PublishedPort? port, out string? error), Is.True, error);
        IpEndpoint endpoint = new(IpAddress.Parse(address), (ushort)outside);
        PublishedPort both = new(endpoint, (ushort)inside, isUdp);
        Assert.That(port! with { IsOneNumber = false }, Is.EqualTo(both));
        Assert.That(PublishedPort.TryParse(port.ToString(), out PublishedPort? again, out _) ? again : null, Is.EqualTo(both));
    }

    [TestCase("", "does not name ports")]
    [TestCase("/tcp", "does not name ports")]
    [TestCase("http", "does not name ports")]
    [TestCase("8080:http", "does not name ports")]
    [TestCase(":80", "does not name ports")]
    [TestCase("8080:", "does not name ports")]
    [TestCase("8080:80:90", "does not name ports")]
    [TestCase("8080:80/sctp", "does not name ports")]
    [TestCase("8080:80/UDP", "does not name ports")]
    [TestCase("65536:80", "65536 is not a port")]
    [TestCase("-1:80", "is not an address")]
    [TestCase("+1:80", "is not an address")]
    [TestCase("8080:65536", "ports go to 65535")]
    [TestCase("0", "the program's port, the last number, is from 1 to 65535")]
    [TestCase("8080:0", "the program's port, the last number, is from 1 to 65535")]
    [TestCase("localhost:8080:80", "'localhost' is not an address")]
    [TestCase("127.0.0:8080:80", "'127.0.0' is not an address")]
    [TestCase("::1:8080:80", "does not name ports")]
    [TestCase("[::1:8080:80", "does not name ports")]
    [TestCase("[127.0.0.1]:8080:80", "'[127.0.0.1]' is not an address")]
    [TestCase("[fe80::1%eth0]:8080:80", "'[fe80::1%eth0]' is not an address")]
    [TestCase("224.0.0.1:8080:80", "'224.0.0.1' is not an address")]
    [TestCase("255.255.255.255:8080:80/udp", "'255.255.255.255' is not an address")]
    public void What_is_wrong_is_told(string text, string expected)
    {
        Assert.That(PublishedPort.TryParse(text, out _, out string? error), Is.False);
        Assert.That(error, Does.StartWith($"'{text}'").And.Contain(expected).And.Not.Contain("\n"));
    }

    [TestCase("8080:80", "8080:81", true)]
    [TestCase("8080:80", "127.0.0.1:8080:80", true)]
    [TestCase("8080:80", "0.0.0.0:8080:80", true)]
    [TestCase("[::]:8080:80", "[::1]:8080:80", true)]
    [TestCase("8080:80", "8081:80", false)]
    [TestCase("8080:80", "8080:80/udp", false)]
    [TestCase("8080:80", "127.0.0.2:8080:80", false)]
    [TestCase("0.0.0.0:8080:80", "[::]:8080:80", false)]
    [TestCase("0:80", "0:80", false)]
    public void The_same_port_cannot_be_published_twice(string first, string second, bool collide)
    {
        Assert.That(Parse(first).CollidesWith(Parse(second)), Is.EqualTo(collide));
        Assert.That(Parse(second).CollidesWith(Parse(first)), Is.EqualTo(collide));
    }

    [Test]
    public void The_host_is_told_of_each()
    {
        RunOptions options = new()
        {
            Addresses = [new IpPrefix(IpAddress.Parse("10.40.0.32"), 24)],
            Network = new VnlLocator("/tmp/vde.ctl"),
            Mac = new MacAddress([2, 0, 0, 0, 0, 1]),
            Published = [Parse("[::1]:8080:80"), Parse("5353:53/udp")],
            Program = ["true"],
        };

        HostOrder order = HostOrder.Read(options.ToOrder(HostCredentials.Create(), 1).Write());

        Assert.That(order.Published, Is.EqualTo(options.Published));
    }

    [Test]
    public void The_launcher_is_told_what_the_kernel_has_chosen()
    {
        HostReport report = new(4711, 3, new MacAddress([2, 0, 0, 0, 0, 1]), [IpPrefix.Parse("10.40.0.32/24")])
        {
            Published = [Parse("[::1]:40321:80"), Parse("5353:53/udp")],
        };

        Assert.That(HostReport.TryParse(report.ToString(), out HostReport? read), Is.True);
        Assert.That(read!.Published, Is.EqualTo(report.Published));
        Assert.That(read.Addresses, Is.EqualTo(report.Addresses));
    }

    private static PublishedPort Parse(string text) =>
        PublishedPort.TryParse(text, out PublishedPort? port, out string? error) ? port : throw new FormatException(error);
}
