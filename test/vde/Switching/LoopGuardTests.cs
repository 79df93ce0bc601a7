using Pyco.Stack;
using Pyco.Stack.Wire;
using static Pyco.Vde.Tests.Switching.TestSwitch;

namespace Pyco.Vde.Tests.Switching;

/// <summary>A switch of ours with a guard, and cables that lead round in circles; frames on them wait until the test turns.</summary>
internal sealed class LoopGuardTests
{
    private readonly Queue<Action> _wire = new();
    private Random _chance = null!;
    private TestSwitch _test = null!;
    private TestPort _host = null!;

    [SetUp]
    public void Guard()
    {
        _wire.Clear();
        _chance = new Random(1);
        _test = new TestSwitch();
        _test.Switch.LoopGuard = _test.Guard;
        _host = _test.Plug();
    }

    [TearDown]
    public void ExpectNoLeak() => Assert.That(_test.Frames.Outstanding, Is.Zero, "frames that nobody has disposed");

    [Test]
    public void Of_two_cables_to_one_switch_the_one_at_the_higher_port_is_blocked()
    {
        TestPort first = _test.Plug(mayLoop: true), second = _test.Plug(mayLoop: true);
        Join(first, second);

        _host.Send(Mac(1), Everybody, "storm");
        Turn(TimeSpan.FromSeconds(1));

        Assert.That((first.IsBlocked, second.IsBlocked), Is.EqualTo((false, true)));
        Assert.That(_test.Log, Is.EqualTo(new[] { "port 3 is blocked: it leads to the same switch as port 2; unplug one of them" }));
        Assert.That(_wire, Is.Empty, "the storm is over");
    }

    [Test]
    public void When_it_is_blocked_the_host_is_found_again_where_it_is()
    {
        TestPort first = _test.Plug(mayLoop: true), second = _test.Plug(mayLoop: true), other = _test.Plug();
        Join(first, second);
        _host.Send(Mac(1), Everybody, "storm");
        Turn(TimeSpan.FromSeconds(1));
        _host.Take();
        other.Take();

        _host.Send(Mac(1), Everybody, "here");
        Turn(TimeSpan.FromSeconds(1));
        other.Send(Mac(2), Mac(1), "hello");
        Turn(TimeSpan.FromSeconds(1));

        Assert.That(other.Take(), Is.EqualTo(new[] { "here" }), "once");
        Assert.That(_host.Take(), Is.EqualTo(new[] { "hello" }));
    }

    [Test]
    public void Of_three_cables_one_stays()
    {
        TestPort[] cables = [_test.Plug(mayLoop: true), _test.Plug(mayLoop: true), _test.Plug(mayLoop: true)];
        Join(cables);

        _host.Send(Mac(1), Everybody, "storm");
        Turn(TimeSpan.FromSeconds(5));

        Assert.That(cables.Select(cable => cable.IsBlocked), Is.EqualTo(new[] { false, true, true }));
    }

    [Test]
    public void A_loop_in_a_VLAN_with_tags_is_found()
    {
        TestPort first = _test.Plug(mayLoop: true), second = _test.Plug(mayLoop: true);
        _test.Switch.TryCreateVlan(5);
        _test.Switch.TrySetUntaggedVlan(_host.Settings, 5);
        foreach (TestPort port in new[] { first, second })
        {
            _test.Switch.TrySetUntaggedVlan(port.Settings, null);
            _test.Switch.TryAddTagged(port.Settings, 5);
        }
        Join(first, second);

        _host.Send(Mac(1), Everybody, "storm");
        Turn(TimeSpan.FromSeconds(1));

        Assert.That(second.IsBlocked, Is.True);
    }

    [Test]
    public void A_port_that_gives_everything_back_is_blocked_after_a_while()
    {
        TestPort echo = _test.Plug(mayLoop: true);
        Join(echo, echo);

        _host.Send(Mac(1), Everybody, "storm");
        Turn(TimeSpan.FromSeconds(1));
        Assert.That(echo.IsBlocked, Is.False, "the switches of the loop may cut it themselves");
        Turn(TimeSpan.FromSeconds(15));

        Assert.That(echo.IsBlocked, Is.True);
        Assert.That(_test.Log, Is.EqualTo(new[] { "port 2 is blocked: what is sent there comes back, so there is a loop behind it" }));
    }

    [Test]
    public void It_stays_blocked_as_long_as_the_loop_is_there_and_opens_when_it_is_gone()
    {
        TestPort first = _test.Plug(mayLoop: true), second = _test.Plug(mayLoop: true);
        Join(first, second);
        _host.Send(Mac(1), Everybody, "storm");
        Turn(TimeSpan.FromMinutes(2));
        Assert.That(second.IsBlocked, Is.True);
        Assert.That(_test.Log, Has.Count.EqualTo(1));

        first.Cable = second.Cable = _ => { };
        Turn(TimeSpan.FromSeconds(30));

        Assert.That(second.IsBlocked, Is.False);
        Assert.That(_test.Log[^1], Is.EqualTo("port 3 is open again: the loop is gone"));
        Assert.That(_test.Guard.Advance(_test.Now), Is.Null, "and all is quiet");
    }

    [Test]
    public void It_opens_at_once_when_the_other_ports_plug_leaves()
    {
        TestPort first = _test.Plug(mayLoop: true), second = _test.Plug(mayLoop: true);
        Join(first, second);
        _host.Send(Mac(1), Everybody, "storm");
        Turn(TimeSpan.FromSeconds(1));

        _test.Switch.Remove(first);

        Assert.That(second.IsBlocked, Is.False);
        Assert.That(_test.Log[^1], Is.EqualTo("port 3 is open again: port 2 is free"));
    }

    [Test]
    public void A_station_that_moves_honestly_has_nobody_blocked_and_costs_few_probes()
    {
        TestPort[] ports = [_test.Plug(mayLoop: true), _test.Plug(mayLoop: true)];
        for (int move = 0; move < 1000; move++)
        {
            ports[move % 2].Send(Mac(7), Everybody, "");
            Turn(TimeSpan.FromMilliseconds(10));
        }

        Assert.That(ports.Any(port => port.IsBlocked), Is.False);
        Assert.That(ports[0].Take().Count(text => text == "probe"), Is.InRange(5, 20), "in ten seconds");
    }

    [Test]
    public void Without_a_move_there_is_no_probe()
    {
        TestPort port = _test.Plug(mayLoop: true);
        for (int station = 0; station < 100; station++)
            _host.Send(Mac(station), Everybody, "x");
        Turn(TimeSpan.FromMinutes(10));

        Assert.That(port.Take(), Has.Length.EqualTo(100).And.All.EqualTo("x"));
    }

    [Test]
    public void Ports_of_hosts_are_neither_probed_nor_blocked()
    {
        TestPort other = _test.Plug();
        for (int move = 0; move < 10; move++)
            (move % 2 == 0 ? other : _host).Send(Mac(7), Mac(7), "");
        Turn(TimeSpan.FromSeconds(1));

        Assert.That(other.Take(), Has.None.EqualTo("probe"));
    }

    [Test]
    public void A_probe_that_somebody_else_brings_in_with_another_token_is_only_a_frame()
    {
        TestPort honest = _test.Plug(mayLoop: true), liar = _test.Plug(mayLoop: true);
        byte[]? probe = null;
        liar.Cable = octets => probe = octets;
        honest.Send(Mac(7), Mac(7), "");
        liar.Send(Mac(7), Mac(7), "");
        Assert.That(probe, Is.Not.Null);
        probe[14] ^= 1;

        for (int count = 0; count < 100; count++)
        {
            liar.Send(probe);
            Turn(TimeSpan.FromMilliseconds(10));
        }

        Assert.That(honest.IsBlocked || liar.IsBlocked, Is.False);
        Assert.That(honest.Take().Count(text => text == "probe"), Is.GreaterThanOrEqualTo(100), "it is flooded as any other");
    }

    [Test]
    public void Two_switches_with_guards_and_two_cables_between_them_end_with_one_cable()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            Guard();
            TestSwitch peer = new();
            peer.Switch.LoopGuard = new Vde.Switching.LoopGuard(peer.Switch, Entropy.Seeded(100 + seed), peer.Log.Add);
            TestPort[] ours = [_test.Plug(mayLoop: true), _test.Plug(mayLoop: true)];
            // Numbered the other way round, so that each would choose another cable.
            TestPort[] theirs = [peer.Plug(mayLoop: true), peer.Plug(mayLoop: true)];
            Cross(ours[0], theirs[1]);
            Cross(ours[1], theirs[0]);

            _host.Send(Mac(1), Everybody, "storm");
            int cutFor = 0;
            for (int step = 0; step < 3000; step++)
            {
                Turn(TimeSpan.FromMilliseconds(20));
                peer.Pass(TimeSpan.FromMilliseconds(20));
                peer.Switch.LoopGuard.Advance(peer.Now);
                bool isFirstCut = ours[0].IsBlocked || theirs[1].IsBlocked;
                bool isSecondCut = ours[1].IsBlocked || theirs[0].IsBlocked;
                Assert.That(isFirstCut && isSecondCut, Is.False, $"seed {seed}: no connection is left after step {step}");
                cutFor += isFirstCut || isSecondCut ? 1 : 0;
            }
            int opened = _test.Log.Concat(peer.Log).Count(line => line.Contains("open again", StringComparison.Ordinal));
            Assert.That((cutFor > 2900, opened), Is.EqualTo((true, 0)), $"seed {seed}: the loop is cut, and stays so");
        }
    }

    [TestCase("00:00:00:00:00:01", false)]
    [TestCase("fe:ff:ff:ff:ff:ff", true)]
    public void Probes_from_a_lower_address_delay_the_cut_and_do_not_prevent_it(string prober, bool isBlockedSoon)
    {
        TestPort first = _test.Plug(mayLoop: true), second = _test.Plug(mayLoop: true);
        Join(first, second);
        byte[] probe = new byte[60];
        Vde.Switching.LoopGuard.Group.CopyTo(probe);
        Assert.That(MacAddress.TryParse(prober, out MacAddress mac), Is.True);
        mac.CopyTo(probe.AsSpan(MacAddress.Length));

        _host.Send(Mac(1), Everybody, "storm");
        _host.Send(probe); // once: the loop brings it again and again
        Turn(TimeSpan.FromMilliseconds(300));
        Assert.That(second.IsBlocked, Is.EqualTo(isBlockedSoon));
        Turn(TimeSpan.FromSeconds(2));

        Assert.That(second.IsBlocked, Is.True);
    }

    [Test]
    public void Ports_that_were_blocked_at_one_moment_open_at_different_ones()
    {
        HashSet<double> times = [];
        for (int seed = 0; seed < 10; seed++)
        {
            Guard();
            _test.Switch.LoopGuard = new Vde.Switching.LoopGuard(_test.Switch, Entropy.Seeded(seed), _test.Log.Add);
            TestPort first = _test.Plug(mayLoop: true), second = _test.Plug(mayLoop: true);
            Join(first, second);
            _host.Send(Mac(1), Everybody, "storm");
            TurnWith(_test.Switch.LoopGuard, TimeSpan.FromSeconds(1));
            Assert.That(second.IsBlocked, Is.True);
            first.Cable = second.Cable = _ => { };
            Instant silent = _test.Now;
            while (second.IsBlocked && _test.Now - silent < TimeSpan.FromMinutes(1))
                TurnWith(_test.Switch.LoopGuard, TimeSpan.FromMilliseconds(100));
            times.Add(Math.Round((_test.Now - silent).TotalSeconds));
        }

        Assert.That(times, Has.All.InRange(8, 21));
        Assert.That(times, Has.Count.GreaterThan(4));
    }

    /// <summary>Puts cables into one foreign switch, which sends what comes by one out of all others.</summary>
    private void Join(params TestPort[] cables)
    {
        foreach (TestPort cable in cables)
        {
            TestPort[] others = cables[0] == cables[^1] ? [cable] : [.. cables.Where(other => other != cable)];
            cable.Cable = octets => Array.ForEach(others, other => Carry(other, octets));
        }
    }

    private void Cross(TestPort one, TestPort other)
    {
        one.Cable = octets => Carry(other, octets);
        other.Cable = octets => Carry(one, octets);
    }

    /// <summary>A wire holds so much; what is too much for it is mostly lost, or three cables would fill the memory.</summary>
    private void Carry(TestPort to, byte[] octets)
    {
        const int capacity = 1000;
        if (_wire.Count >= capacity && _chance.Next(10) > 0)
            return;
        if (_wire.Count >= capacity)
            _wire.Dequeue();
        _wire.Enqueue(() => to.Send(octets));
    }

    /// <summary>Lets time pass: a frame takes a tenth of a millisecond.</summary>
    private void Turn(TimeSpan time) => TurnWith(_test.Guard, time);

    private void TurnWith(Vde.Switching.LoopGuard guard, TimeSpan time)
    {
        Instant end = _test.Now + time;
        Instant? next = guard.Advance(_test.Now);
        while (_test.Now < end)
        {
            if (_wire.TryDequeue(out Action? frame))
            {
                _test.Pass(TimeSpan.FromMilliseconds(0.1));
                frame();
            }
            else
            {
                Instant then = next is { } due && due < end && due > _test.Now ? due : end;
                _test.Pass(then - _test.Now);
            }
            next = guard.Advance(_test.Now);
        }
    }
}
