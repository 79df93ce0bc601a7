using Pyco.Vde.Switching;

namespace Pyco.Vde.Tests.Switching;

/// <summary>Port numbers, and what stays of a port when its plug goes.</summary>
internal sealed class PortNumberTests
{
    private TestSwitch _test = null!;
    private Switch _switch = null!;

    [SetUp]
    public void Make()
    {
        _test = new TestSwitch();
        _switch = _test.Switch;
    }

    [Test]
    public void The_lowest_free_number_is_given()
    {
        TestPort[] ports = _test.Plug(4);
        Assert.That(ports.Select(port => port.Number), Is.EqualTo(new[] { 1, 2, 3, 4 }));

        _switch.Remove(ports[2]);
        _switch.Remove(ports[0]);

        Assert.That(_test.Plug(3).Select(port => port.Number), Is.EqualTo(new[] { 1, 3, 5 }));
        Assert.That(_switch.Ports.Select(port => port.Number), Is.Ordered.And.Exactly(5).Items);
    }

    [Test]
    public void A_wanted_number_is_given_if_it_is_free_and_others_are_numbered_around_it()
    {
        Assert.That(_switch.TryAdd(new TestPort(_test), 3), Is.True);
        Assert.That(_switch.TryAdd(new TestPort(_test), 3), Is.False);

        Assert.That(_test.Plug(3).Select(port => port.Number), Is.EqualTo(new[] { 1, 2, 4 }));
        Assert.That(_switch.FindPort(3), Is.Not.Null);
        Assert.That(_switch.FindPort(5), Is.Null);
    }

    [Test]
    public void A_switch_has_no_more_ports_than_its_limit()
    {
        _switch.PortLimit = 2;
        _test.Plug(2);

        Assert.That(_switch.TryAdd(new TestPort(_test)), Is.False);
        Assert.That(_switch.TryAdd(new TestPort(_test), 3), Is.False);
        Assert.That(_switch.TryCreatePort(3), Is.Null);
        Assert.That(_switch.TryCreatePort(), Is.Null);
    }

    [Test]
    public void A_created_port_is_for_those_who_ask_for_its_number()
    {
        Assert.That(_switch.TryCreatePort(1), Is.Not.Null);
        Assert.That(_switch.TryCreatePort(1), Is.Null);
        Assert.That(_switch.TryCreatePort()!.Number, Is.EqualTo(2));

        Assert.That(_test.Plug().Number, Is.EqualTo(3));
        Assert.That(_switch.TryAdd(new TestPort(_test), 1), Is.True);
        Assert.That(_switch.PortSettings.Select(settings => settings.Number), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    [Test]
    public void What_was_set_waits_for_the_next_plug_of_the_same_number()
    {
        TestPort first = _test.Plug();
        _switch.TryCreateVlan(5);
        _switch.TrySetUntaggedVlan(first.Settings, 5);
        _switch.Remove(first);

        Assert.That(_test.Plug().UntaggedVlan, Is.EqualTo(5));
    }

    [Test]
    public void Nothing_stays_of_a_port_for_which_nothing_was_set()
    {
        _switch.Remove(_test.Plug());

        Assert.That(_switch.PortSettings, Is.Empty);
    }

    [Test]
    public void A_port_is_forgotten_only_when_nobody_has_it()
    {
        TestPort port = _test.Plug();
        port.Settings.UserId = 1000;
        Assert.That(_switch.TryRemovePort(1), Is.False);

        _switch.Remove(port);

        Assert.That(_switch.FindSettings(1), Is.Not.Null);
        Assert.That(_switch.TryRemovePort(1), Is.True);
        Assert.That(_switch.TryRemovePort(1), Is.False);
        Assert.That(_switch.FindSettings(1), Is.Null);
    }

    [Test]
    public void A_port_that_one_may_not_have_is_passed_over()
    {
        _switch.TryCreatePort(1)!.IsAllocatable = true;
        _switch.FindSettings(1)!.UserId = 1000;

        TestPort port = new(_test);
        Assert.That(_switch.TryAdd(port, 1, settings => settings.UserId is null), Is.False);
        Assert.That(_switch.TryAdd(port, 0, settings => settings.UserId is null), Is.True);
        Assert.That(port.Number, Is.EqualTo(2));
    }
}
