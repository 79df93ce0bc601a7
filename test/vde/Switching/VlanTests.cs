using Pyco.Vde.Switching;
using static Pyco.Vde.Tests.Switching.TestSwitch;

namespace Pyco.Vde.Tests.Switching;

/// <summary>VLANs: ports 1 and 2 are in VLAN 5 without tags, port 3 carries 5 and 6 with tags, port 4 is in none of them.</summary>
internal sealed class VlanTests
{
    private TestSwitch _test = null!;
    private TestPort[] _ports = null!;
    private Switch _switch = null!;

    [SetUp]
    public void Plug()
    {
        _test = new TestSwitch();
        _switch = _test.Switch;
        _ports = _test.Plug(4);
        Assert.That(_switch.TryCreateVlan(5) && _switch.TryCreateVlan(6));
        Assert.That(_switch.TrySetUntaggedVlan(_ports[0].Settings, 5) && _switch.TrySetUntaggedVlan(_ports[1].Settings, 5));
        Assert.That(_switch.TryAddTagged(_ports[2].Settings, 5) && _switch.TryAddTagged(_ports[2].Settings, 6));
    }

    [TearDown]
    public void ExpectNoLeak() => Assert.That(_test.Frames.Outstanding, Is.Zero, "frames that nobody has disposed");

    [Test]
    public void A_flood_stays_in_its_VLAN_and_has_a_tag_where_the_port_wants_one()
    {
        _ports[0].Send(Mac(1), Everybody, "five");

        Expect([], ["five"], ["5:five"], []);
    }

    [Test]
    public void A_tagged_frame_goes_out_without_its_tag_where_the_VLAN_is_the_ports_own()
    {
        _ports[2].Send(Mac(3), Everybody, "five", vlan: 5);
        _ports[2].Send(Mac(3), Everybody, "six", vlan: 6);

        Expect(["five"], ["five"], [], []);
    }

    [Test]
    public void Known_stations_are_found_through_tags_both_ways()
    {
        _ports[0].Send(Mac(1), Everybody, "");
        _ports[2].Send(Mac(3), Mac(1), "down", vlan: 5);
        Assert.That(_ports[0].Take(), Is.EqualTo(new[] { "down" }));
        _ports[2].Take();

        _ports[0].Send(Mac(1), Mac(3), "up");

        Assert.That(_ports[2].Take(), Is.EqualTo(new[] { "5:up" }));
    }

    [Test]
    public void One_address_may_be_at_different_ports_in_different_VLANs()
    {
        _ports[0].Send(Mac(7), Everybody, "");
        _ports[3].Send(Mac(7), Everybody, "");
        Array.ForEach(_ports, port => port.Take());

        _ports[2].Send(Mac(3), Mac(7), "in five", vlan: 5);
        _ports[2].Send(Mac(3), Mac(7), "in zero");

        Expect(["in five"], [], [], ["in zero"]);
        Assert.That(_switch.Stations.Moves, Is.Zero);
    }

    [Test]
    public void A_tag_of_a_VLAN_that_is_not_the_ports_is_refused_and_counted()
    {
        _ports[0].Send(Mac(1), Everybody, "hop", vlan: 6);
        _ports[2].Send(Mac(3), Everybody, "none such", vlan: 7);

        Expect([], [], [], []);
        Assert.That((_ports[0].Counters.DroppedVlan, _ports[2].Counters.DroppedVlan), Is.EqualTo((1, 1)));
    }

    [Test]
    public void A_tag_of_the_ports_own_VLAN_is_taken_as_vde_switch_takes_it()
    {
        _ports[0].Send(Mac(1), Everybody, "tagged", vlan: 5);

        Expect([], ["tagged"], ["5:tagged"], []);
    }

    [Test]
    public void A_tag_that_tells_a_priority_only_is_no_VLAN()
    {
        const int highestPriority = 7 << 13;
        _ports[0].Send(Mac(1), Everybody, "urgent", vlan: highestPriority);

        Expect([], ["urgent"], ["5:urgent"], []);
    }

    [Test]
    public void A_port_without_an_untagged_VLAN_takes_tagged_frames_only()
    {
        Assert.That(_switch.TrySetUntaggedVlan(_ports[2].Settings, null), Is.True);

        _ports[2].Send(Mac(3), Everybody, "untagged");
        _ports[3].Send(Mac(4), Everybody, "zero");
        _ports[2].Send(Mac(3), Everybody, "five", vlan: 5);

        Expect(["five"], ["five"], [], []);
        Assert.That(_ports[2].Counters.DroppedVlan, Is.EqualTo(1));
    }

    [Test]
    public void A_mirror_sees_frames_as_they_are_on_the_wire()
    {
        _ports[2].Mirror = _ports[3];

        _ports[0].Send(Mac(1), Everybody, "down");
        _ports[2].Send(Mac(3), Everybody, "up", vlan: 6);

        Assert.That(_ports[3].Take(), Is.EqualTo(new[] { "5:down", "6:up" }));
    }

    [Test]
    public void What_was_learned_is_forgotten_when_a_port_changes_its_VLAN()
    {
        _ports[0].Send(Mac(1), Everybody, "");
        Array.ForEach(_ports, port => port.Take());
        Assert.That(_switch.TrySetUntaggedVlan(_ports[0].Settings, 0), Is.True);

        _ports[1].Send(Mac(2), Mac(1), "gone?");

        Expect([], [], ["5:gone?"], []);
    }

    [Test]
    public void A_station_may_come_back_at_once_when_its_VLAN_was_made_anew()
    {
        _ports[2].Send(Mac(3), Everybody, "", vlan: 6);
        Assert.That(_switch.TryRemoveTagged(_ports[2].Settings, 6) && _switch.TryRemoveVlan(6) && _switch.TryCreateVlan(6));
        Assert.That(_switch.TryAddTagged(_ports[2].Settings, 6));

        _ports[2].Send(Mac(3), Everybody, "", vlan: 6);

        Assert.That(_switch.Stations.Entries.Select(entry => entry.Vlan), Is.EqualTo(new[] { 6 }));
    }

    [Test]
    public void Only_VLANs_that_were_made_can_be_joined_and_only_empty_ones_be_removed()
    {
        Assert.That(_switch.TrySetUntaggedVlan(_ports[0].Settings, 9), Is.False);
        Assert.That(_switch.TryAddTagged(_ports[0].Settings, 9), Is.False);
        Assert.That(_switch.TryRemoveVlan(5), Is.False, "it has members");
        Assert.That(_switch.TryRemoveTagged(_ports[0].Settings, 5), Is.False, "it is the untagged one there");
        Assert.That(_switch.TryRemoveVlan(Switch.DefaultVlan), Is.False);
        Assert.That(new[] { 0, 5, 4095, -1 }.Select(_switch.TryCreateVlan), Has.None.True);
        Assert.That(_switch.TryCreateVlan(4094), Is.True);
        Assert.That(_switch.Vlans, Is.EqualTo(new[] { 0, 5, 6, 4094 }));
    }

    private void Expect(params string[][] received) => Assert.That(_ports.Select(port => port.Take()), Is.EqualTo(received));
}
