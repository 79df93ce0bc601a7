using Pyco.Network.Hosts;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests;

internal sealed class AddressPlanTests
{
    [Test]
    public void Addresses_come_in_turn_and_leave_the_first_one_for_a_router()
    {
        AddressPlan plan = Plan("10.0.0.0/29");
        Assert.That(Choose(plan, 6), Is.EqualTo(new[] { "10.0.0.2/29", "10.0.0.3/29", "10.0.0.4/29", "10.0.0.5/29", "10.0.0.6/29", "10.0.0.2/29" }));
    }

    [Test]
    public void Those_in_use_are_passed_over_and_the_gateway_is_one()
    {
        AddressPlan plan = Plan("10.0.0.0/29", "10.0.0.4");
        plan.NoteTaken(IpAddress.Parse("10.0.0.3"));
        Assert.That(plan.Choose(address => address == IpAddress.Parse("10.0.0.2")).ToString(), Is.EqualTo("10.0.0.5/29"));
    }

    [Test]
    public void When_all_are_in_use_there_is_none() => Assert.That(Plan("10.0.0.0/29").Choose(_ => true), Is.Null);

    [TestCase("10.0.0.0/31", "10.0.0.0/31", "10.0.0.1/31")]
    [TestCase("10.0.0.7/32", "10.0.0.7/32", "10.0.0.7/32")]
    public void Subnets_without_room_for_a_router_give_all_they_have(string subnet, params string[] expected) =>
        Assert.That(Choose(Plan(subnet), expected.Length), Is.EqualTo(expected));

    private static AddressPlan Plan(string subnet, string? gateway = null) => new(new NetworkOptions
    {
        Path = "/nowhere",
        Subnet = IpPrefix.Parse(subnet),
        Gateway = gateway is null ? null : IpAddress.Parse(gateway),
    });

    private static string[] Choose(AddressPlan plan, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => plan.Choose(_ => false).ToString()!)];
}
