using Pyco.Vde.Switching;
using static Pyco.Vde.Tests.Switching.TestSwitch;

namespace Pyco.Vde.Tests.Switching;

/// <summary>Which frames go where, and that none is leaked or made up on the way.</summary>
internal sealed class ForwardingTests
{
    private TestSwitch _test = null!;
    private TestPort[] _ports = null!;

    [SetUp]
    public void Plug()
    {
        _test = new TestSwitch();
        _ports = _test.Plug(4);
    }

    [TearDown]
    public void ExpectNoLeak() => Assert.That(_test.Frames.Outstanding + _test.LargeFrames.Outstanding, Is.Zero, "frames that nobody has disposed");

    [Test]
    public void A_frame_to_nobody_known_goes_to_all_but_its_sender()
    {
        _ports[0].Send(Mac(1), Mac(2), "who?");

        Expect([], ["who?"], ["who?"], ["who?"]);
    }

    [Test]
    public void The_largest_packet_goes_to_all()
    {
        string text = new('x', 65535);
        _ports[0].Send(Mac(1), Everybody, text);

        Expect([], [text], [text], [text]);
    }

    [Test]
    public void A_station_that_has_spoken_is_sent_to_alone()
    {
        _ports[1].Send(Mac(2), Everybody, "here");
        Expect(["here"], [], ["here"], ["here"]);

        _ports[0].Send(Mac(1), Mac(2), "for you");

        Expect([], ["for you"], [], []);
    }

    [Test]
    public void Broadcasts_and_multicasts_go_to_all_even_when_all_are_known()
    {
        for (int port = 0; port < _ports.Length; port++)
            _ports[port].Send(Mac(port), Mac(port), "");
        Array.ForEach(_ports, port => port.Take());

        _ports[3].Send(Mac(3), Everybody, "b");
        _ports[3].Send(Mac(3), "01:00:5e:00:00:01", "m");

        Expect(["b", "m"], ["b", "m"], ["b", "m"], []);
    }

    [Test]
    public void A_frame_between_two_stations_behind_one_port_goes_nowhere()
    {
        _ports[0].Send(Mac(1), Everybody, "");
        _ports[0].Send(Mac(2), Everybody, "");
        Array.ForEach(_ports, port => port.Take());

        _ports[0].Send(Mac(1), Mac(2), "private");

        Expect([], [], [], []);
    }

    [Test]
    public void A_silent_station_is_forgotten_after_the_ageing_time()
    {
        MacTable stations = _test.Switch.Stations;
        _ports[1].Send(Mac(2), Everybody, "");
        Array.ForEach(_ports, port => port.Take());

        _test.Pass(stations.AgeingTime);
        _ports[0].Send(Mac(1), Mac(2), "just known");
        _test.Pass(TimeSpan.FromTicks(1));
        _ports[0].Send(Mac(1), Mac(2), "no more");

        Expect([], ["just known", "no more"], ["no more"], ["no more"]);
        stations.Age(_test.Now);
        Assert.That(stations.Entries.Select(entry => entry.Mac.ToString()), Is.EqualTo(new[] { Mac(1) }));
    }

    [Test]
    public void A_station_that_goes_on_speaking_is_not_forgotten()
    {
        for (int second = 0; second < 400; second++)
        {
            _ports[1].Send(Mac(2), Mac(2), "");
            _test.Pass(TimeSpan.FromSeconds(1));
            _test.Switch.Stations.Age(_test.Now);
        }
        Array.ForEach(_ports, port => port.Take());

        _ports[0].Send(Mac(1), Mac(2), "still");

        Expect([], ["still"], [], []);
    }

    [Test]
    public void A_station_that_moves_is_followed_at_once_there_and_back()
    {
        foreach (int place in new[] { 1, 2, 1, 2 })
        {
            _ports[place].Send(Mac(9), Everybody, "");
            Array.ForEach(_ports, port => port.Take());
            _ports[0].Send(Mac(1), Mac(9), "x");
            Assert.That(_ports[place].Take(), Is.EqualTo(new[] { "x" }));
        }
        Assert.That(_test.Switch.Stations.Moves, Is.EqualTo(3));
        Expect([], [], [], []);
    }

    [Test]
    public void A_station_whose_port_leaves_is_forgotten()
    {
        _ports[1].Send(Mac(2), Everybody, "");
        Array.ForEach(_ports, port => port.Take());

        _test.Switch.Remove(_ports[1]);
        _ports[0].Send(Mac(1), Mac(2), "anybody?");

        Expect([], [], ["anybody?"], ["anybody?"]);
    }

    [Test]
    public void A_port_that_has_left_gives_nothing_in()
    {
        _test.Switch.Remove(_ports[1]);

        _ports[1].Send(Mac(2), Everybody, "ghost");

        Expect([], [], [], []);
    }

    [Test]
    public void A_hub_sends_all_to_all()
    {
        _test.Switch.IsHub = true;
        _ports[1].Send(Mac(2), Everybody, "");
        Array.ForEach(_ports, port => port.Take());

        _ports[0].Send(Mac(1), Mac(2), "for all to read");

        Expect([], ["for all to read"], ["for all to read"], ["for all to read"]);
    }

    [Test]
    public void The_table_of_stations_has_an_end_and_a_flood_of_addresses_leaves_the_known_ones_in()
    {
        _ports[1].Send(Mac(2), Mac(2), "");
        for (int station = 0; station < MacTable.Capacity + 10; station++)
            _ports[0].Send($"06:00:00:{station >> 16:x2}:{(station >> 8) & 0xff:x2}:{station & 0xff:x2}", Mac(2), "");
        Array.ForEach(_ports, port => port.Take());

        _ports[0].Send(Mac(1), Mac(2), "found");

        Assert.That(_test.Switch.Stations.Entries, Has.Count.EqualTo(MacTable.Capacity));
        Assert.That(_test.Switch.Stations.NotLearned, Is.EqualTo(12), "11 of the flood, and the sender of the last frame");
        Expect([], ["found"], [], []);
    }

    [Test]
    public void What_is_no_Ethernet_frame_is_dropped_and_counted()
    {
        _ports[0].Send([]);
        _ports[0].Send(new byte[13]);
        _ports[0].Send(Everybody, Mac(2), "from a group");
        _ports[0].Send([.. Enumerable.Repeat((byte)2, 12), 0x81, 0x00, 0x00]); // a tag that ends early

        Expect([], [], [], []);
        Assert.That(_ports[0].Counters.DroppedMalformed, Is.EqualTo(3));
        Assert.That(_ports[0].Counters.DroppedVlan, Is.EqualTo(1));
        Assert.That(_ports[0].Counters.Dropped, Is.EqualTo(4));
    }

    [Test]
    public void A_mirror_is_shown_both_directions_of_a_port_and_nothing_else()
    {
        _ports[0].Send(Mac(1), Mac(1), "");
        _ports[1].Send(Mac(2), Mac(2), "");
        _ports[3].Send(Mac(4), Mac(4), "");
        Array.ForEach(_ports, port => port.Take());
        _ports[1].Mirror = _ports[3];

        _ports[0].Send(Mac(1), Mac(2), "to");
        _ports[1].Send(Mac(2), Mac(1), "from");
        _ports[0].Send(Mac(1), Mac(1), "other");

        Expect(["from"], ["to"], [], ["to", "from"]);
        _test.Switch.Remove(_ports[3]);
        Assert.That(_ports[1].Mirror, Is.Null, "the mirror's plug has left");
        _ports[0].Send(Mac(1), Mac(2), "to");
        Expect([], ["to"], [], []);
    }

    [Test]
    public void Counters_count_frames_and_octets_each_way()
    {
        _ports[0].Send(Mac(1), Everybody, new string('x', 86));
        _ports[1].Send(Mac(2), Mac(1), "");

        PortCounters counters = _ports[0].Counters;
        Assert.That((counters.FramesIn, counters.OctetsIn, counters.FramesOut, counters.OctetsOut), Is.EqualTo((1, 100, 1, 14)));
        counters.ResetTraffic();
        Assert.That((counters.FramesIn, counters.OctetsIn, counters.FramesOut, counters.OctetsOut), Is.EqualTo((0, 0, 0, 0)));
    }

    private void Expect(params string[][] received) => Assert.That(_ports.Select(port => port.Take()), Is.EqualTo(received));
}
