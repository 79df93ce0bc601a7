using Pyco.Host;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Cli.Tests;

internal sealed class DefaultMacTests
{
    private static readonly VnlLocator Network = new("/tmp/vde.ctl");

    [Test]
    public void The_same_network_and_address_always_give_the_same()
    {
        // A reviewed snapshot: a change here changes the address of every host.
        Assert.That(DefaultMac.For(Network, IpAddress.Parse("10.40.0.32")).ToString(), Is.EqualTo("da:50:2e:73:c3:98"));
    }

    [Test]
    public void All_hosts_of_a_network_have_different_ones()
    {
        HashSet<MacAddress> seen = [];
        for (uint host = 0; host < 65536; host++)
            Assert.That(seen.Add(DefaultMac.For(Network, IpAddress.FromV4(0x0a280000 + host))), Is.True);
    }

    [Test]
    public void They_are_locally_administered_and_no_group()
    {
        for (uint host = 0; host < 1000; host++)
        {
            byte[] octets = new byte[MacAddress.Length];
            DefaultMac.For(Network, IpAddress.FromV4(host)).CopyTo(octets);
            Assert.That(octets[0] & 3, Is.EqualTo(2));
        }
    }
}
