using System.Globalization;
using System.Net.NetworkInformation;
using PacketDotNet;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Link;

/// <summary>RFC 5227 as traces.</summary>
public sealed class AddressClaimsTests
{
    private const string Probe = "who-has 10.40.0.32 tell 0.0.0.0";
    private const string Announcement = "who-has 10.40.0.32 tell 10.40.0.32";

    [Test]
    public void One_probe_and_12_ms_of_silence_make_the_address_usable()
    {
        using var host = new TestHost(detectConflicts: true);
        Assert.That(host.Trace, Is.EqualTo(new[] { $"0.000000 {Probe}" }));
        host.Wait(0.011);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Probing));
        host.Wait(0.001);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
        Assert.That(host.Trace[^1], Is.EqualTo($"0.012000 {Announcement}"));
    }

    [Test]
    public void The_other_probes_and_the_second_announcement_follow_in_the_background()
    {
        using var host = new TestHost(detectConflicts: true);
        host.Wait(60);
        (double At, string What)[] sent = [.. host.Trace.Select(line => (
            double.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture), line[(line.IndexOf(' ') + 1)..]))];
        Assert.That(sent.Select(frame => frame.What), Is.EqualTo(new[] { Probe, Announcement, Probe, Probe, Announcement }));
        Assert.That(sent[1].At, Is.EqualTo(0.012).Within(1e-6));
        Assert.That(sent[2].At - sent[1].At, Is.InRange(1.0, 2.0)); // PROBE_MIN to PROBE_MAX
        Assert.That(sent[3].At - sent[2].At, Is.InRange(1.0, 2.0));
        Assert.That(sent[4].At - sent[3].At, Is.EqualTo(2.0).Within(1e-6)); // ANNOUNCE_WAIT
    }

    [Test]
    public void An_answer_to_the_probe_is_a_conflict_and_names_the_other()
    {
        using var host = new TestHost(detectConflicts: true);
        host.Trace.Clear();
        host.HearArp(ArpOperation.Response, TestHost.Address, "0.0.0.0");
        host.Wait(10);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
        Assert.That(host.Stack.ConflictingMac?.ToString(), Is.EqualTo("02:00:0a:28:00:07"));
        Assert.That(host.Stack.ConflictingAddress?.ToString(), Is.EqualTo(TestHost.Address));
        Assert.That(host.Trace, Is.Empty, "a host that lost says nothing more");
    }

    [Test]
    public void After_a_conflict_it_can_be_tried_again()
    {
        using var host = new TestHost(detectConflicts: true);
        host.HearArp(ArpOperation.Response, TestHost.Address, "0.0.0.0");
        host.Wait(0.050);
        host.Trace.Clear();

        host.Stack.RetryAddresses(host.Now);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Probing));
        host.Wait(0.012);

        Assert.That(host.Trace, Is.EqualTo(new[] { $"0.050000 {Probe}", $"0.062000 {Announcement}" }));
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
        Assert.That(host.Stack.ConflictingMac, Is.Null);
    }

    [Test]
    public void An_answer_from_our_own_MAC_address_is_a_conflict_too()
    {
        using var host = new TestHost(detectConflicts: true);
        host.HearArp(ArpOperation.Response, TestHost.Address, "0.0.0.0", TestHost.Mac);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
    }

    [Test]
    public void A_probe_without_a_number_is_a_conflict_unless_it_has_our_own_MAC()
    {
        using var host = new TestHost(detectConflicts: true);
        host.HearArp(ArpOperation.Request, "0.0.0.0", TestHost.Address, TestHost.Mac);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Probing));
        host.HearArp(ArpOperation.Request, "0.0.0.0", TestHost.Address);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
    }

    [TestCase("FF-FF-FF-FF-FF-FF", AddressState.Conflict)]
    [TestCase("00-00-00-00-00-01", AddressState.Probing)]
    public void Of_two_hosts_that_probe_at_once_the_one_with_the_larger_number_goes_on(string number, AddressState outcome)
    {
        foreach (PhysicalAddress mac in new[] { TestHost.Mac, TestHost.PeerMac })
        {
            using var host = new TestHost(detectConflicts: true);
            host.HearArp(ArpOperation.Request, "0.0.0.0", TestHost.Address, mac, targetMac: PhysicalAddress.Parse(number));
            Assert.That(host.Stack.AddressState, Is.EqualTo(outcome), $"a probe from {mac}");
        }
    }

    [Test]
    public void A_host_that_loses_before_its_first_probe_says_nothing_to_the_one_that_won()
    {
        using var host = new TestHost(detectConflicts: true, start: false);
        host.HearArp(
            ArpOperation.Request, "0.0.0.0", TestHost.Address, TestHost.Mac, targetMac: PhysicalAddress.Parse("FF-FF-FF-FF-FF-FF"));
        host.Start();
        host.Wait(10);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
        Assert.That(host.Trace, Is.Empty, "a word of ours could make the other give up too");
    }

    [Test]
    public void A_host_that_wins_before_its_first_probe_goes_on()
    {
        using var host = new TestHost(detectConflicts: true, start: false);
        host.HearArp(
            ArpOperation.Request, "0.0.0.0", TestHost.Address, TestHost.Mac, targetMac: PhysicalAddress.Parse("00-00-00-00-00-01"));
        host.Start();
        host.Wait(1);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
    }

    [Test]
    public void Our_own_probe_reflected_is_no_conflict()
    {
        using var host = new TestHost(detectConflicts: true);
        PhysicalAddress number = host.LastSent<PacketDotNet.ArpPacket>().TargetHardwareAddress;
        Assert.That(number, Is.Not.EqualTo(PhysicalAddress.Parse("00-00-00-00-00-00")));
        host.HearArp(ArpOperation.Request, "0.0.0.0", TestHost.Address, TestHost.Mac, targetMac: number);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Probing));
    }

    [Test]
    public void A_host_that_overslept_its_wait_probes_again_and_waits_again()
    {
        using var host = new TestHost(detectConflicts: true);
        host.Trace.Clear();
        host.Oversleep(0.031);
        host.Turn();
        Assert.That(host.Trace, Is.EqualTo(new[] { $"0.031000 {Probe}" }));
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Probing));
        host.Wait(0.012);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
    }

    [Test]
    public void A_host_that_always_oversleeps_comes_up_after_its_third_repetition()
    {
        using var host = new TestHost(detectConflicts: true);
        for (int round = 0; round < 3; round++)
        {
            host.Oversleep(0.100);
            host.Turn();
            host.Turn();
            Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Probing));
        }
        host.Oversleep(0.100);
        host.Turn();
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
        Assert.That(host.Trace.Count(line => line.EndsWith(Probe, StringComparison.Ordinal)), Is.EqualTo(4));
    }

    [Test]
    public void What_came_while_it_overslept_counts()
    {
        using var host = new TestHost(detectConflicts: true);
        host.Oversleep(5);
        host.HearArp(ArpOperation.Response, TestHost.Address, "0.0.0.0");
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
    }

    [Test]
    public void The_wait_begins_with_the_turn_after_the_probe()
    {
        using var host = new TestHost(detectConflicts: true, start: false);
        host.Stack.Start(host.Now);
        host.Oversleep(0.011); // between reading the clock and sending the probe
        host.Wait(0.011);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Probing));
        host.Wait(0.001);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
    }

    [Test]
    public void A_contended_address_is_usable_after_8_probes_and_2_s_of_silence()
    {
        using TestHost host = StartContended();
        host.Wait(1.999);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Probing));
        Assert.That(host.Trace, Is.EqualTo(Enumerable.Range(0, 8).Select(number => $"{number / 4}.{number % 4 * 25:00}0000 {Probe}")));
        host.Wait(0.001);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
    }

    [Test]
    public void An_answer_to_the_last_probe_for_a_contended_address_is_a_conflict()
    {
        using TestHost host = StartContended();
        host.Wait(1.999);
        host.HearArp(ArpOperation.Response, TestHost.Address, "0.0.0.0", TestHost.Mac);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
    }

    [Test]
    public void An_address_that_is_not_contended_any_more_is_usable_12_ms_after_a_new_probe()
    {
        using TestHost host = StartContended();
        host.Wait(0.100);
        host.Stack.AddressIsContended = false;
        host.Stack.RetryAddresses(host.Now);
        host.Wait(0.012);
        Assert.That(host.Trace.TakeLast(2), Is.EqualTo(new[] { $"0.100000 {Probe}", $"0.112000 {Announcement}" }));
    }

    [Test]
    public void Of_two_that_probe_at_once_the_one_that_came_first_goes_on_whatever_chance_has_drawn()
    {
        using var first = new TestHost(detectConflicts: true);
        foreach (int seed in Enumerable.Range(2, 20))
        {
            using TestHost second = StartContended(seed);
            HearProbeOf(second, first);
            Assert.That(second.Stack.AddressState, Is.EqualTo(AddressState.Conflict), $"seed {seed}");
            HearProbeOf(first, second);
            Assert.That(first.Stack.AddressState, Is.EqualTo(AddressState.Probing), $"seed {seed}");
        }
    }

    [Test]
    public void Of_two_with_one_MAC_that_are_both_up_the_later_probes_leave_one()
    {
        using var first = new TestHost(detectConflicts: true);
        using TestHost second = StartContended(seed: 2);
        first.Wait(2.1);
        second.Wait(4.1);
        first.Trace.Clear();
        HearProbeOf(first, second);
        Assert.That(first.Stack.AddressState, Is.EqualTo(AddressState.Usable));
        Assert.That(first.Stack.Counters.AddressConflicts, Is.EqualTo(1));
        Assert.That(first.Stack.ConflictingMac?.ToString(), Is.EqualTo("02:00:0a:28:00:20"), "its own, and the other's");
        Assert.That(first.Trace[0], Does.EndWith(Probe), "by which the other hears that it lost");

        HearProbeOf(second, first);
        Assert.That(second.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
        Assert.That(second.Stack.Counters.AddressConflicts, Is.EqualTo(1));
    }

    [Test]
    public void Of_two_with_one_MAC_that_are_both_up_the_one_that_has_been_for_some_time_stays()
    {
        using TestHost elder = StartContended(seed: 2);
        using var younger = new TestHost(detectConflicts: true);
        elder.Wait(60);
        younger.Wait(4);
        HearProbeOf(elder, younger);
        Assert.That(elder.Stack.AddressState, Is.EqualTo(AddressState.Usable));
        HearProbeOf(younger, elder);
        Assert.That(younger.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
    }

    [Test]
    public void Neither_an_own_later_probe_reflected_nor_a_host_that_starts_with_our_MAC_is_a_conflict()
    {
        using var host = new TestHost(detectConflicts: true);
        host.Wait(2.1);
        HearProbeOf(host, host);
        host.Wait(60);
        HearProbeOf(host, host);
        using var newcomer = new TestHost(detectConflicts: true, seed: 2);
        HearProbeOf(host, newcomer);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
        Assert.That(host.Stack.Counters.AddressConflicts, Is.Zero);
    }

    [Test]
    public void A_probe_for_a_usable_address_is_answered()
    {
        using var host = new TestHost();
        host.HearArp(ArpOperation.Request, "0.0.0.0", TestHost.Address);
        Assert.That(host.Trace[^1], Does.EndWith("reply 10.40.0.32 to 0.0.0.0 unicast"));
    }

    [Test]
    public void A_probe_from_our_own_MAC_address_is_answered_to_all_or_the_switch_would_keep_it()
    {
        using var host = new TestHost();
        host.HearArp(ArpOperation.Request, "0.0.0.0", TestHost.Address, TestHost.Mac);
        Assert.That(host.Trace[^1], Does.EndWith("reply 10.40.0.32 to 0.0.0.0"));
    }

    [Test]
    public void The_address_is_defended_once_and_given_up_when_the_other_insists_within_10_s()
    {
        using var host = new TestHost();
        host.Trace.Clear();
        Conflict(host);
        Assert.That(host.Trace, Has.Count.EqualTo(1));
        Assert.That(host.Trace[0], Does.EndWith(Announcement));
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
        Assert.That(host.Stack.ConflictingMac?.ToString(), Is.EqualTo("02:00:00:00:00:99"));
        host.Wait(9.9);
        Conflict(host);
        Assert.That(host.Trace, Has.Count.EqualTo(1));
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
    }

    [Test]
    public void Conflicts_further_apart_than_10_s_are_each_defended()
    {
        using var host = new TestHost();
        host.Trace.Clear();
        for (int round = 0; round < 3; round++)
        {
            Conflict(host);
            host.Wait(10);
        }
        Assert.That(host.Trace, Has.Count.EqualTo(3));
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
        Assert.That(host.Stack.Counters.AddressConflicts, Is.EqualTo(3));
    }

    [Test]
    public void A_yielding_host_neither_answers_a_probe_nor_defends_and_tells_that_the_address_was_wanted()
    {
        using var host = new TestHost();
        host.Trace.Clear();
        host.Stack.YieldsAddress = true;
        Assert.That(host.Stack.AddressWasWanted, Is.False);
        host.HearArp(ArpOperation.Request, "0.0.0.0", TestHost.Address, TestHost.Mac);
        Assert.That(host.Stack.AddressWasWanted, Is.True);
        Conflict(host);
        Conflict(host);
        Assert.That(host.Trace, Is.Empty);
        Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Usable));
    }

    [Test]
    public void A_yielding_host_still_answers_its_peers()
    {
        using var host = new TestHost();
        host.Stack.YieldsAddress = true;
        host.HearArp(ArpOperation.Request, TestHost.Peer, TestHost.Address);
        Assert.That(host.Trace[^1], Does.EndWith("reply 10.40.0.32 to 10.40.0.7 unicast"));
    }

    [Test]
    public void A_wire_that_is_back_hears_the_announcements_again()
    {
        using var host = new TestHost();
        host.Trace.Clear();
        host.Stack.LinkRestored(host.Now);
        host.Wait(5);
        Assert.That(host.Link.Sent, Has.Count.EqualTo(2));
    }

    private static TestHost StartContended(int seed = 1)
    {
        var host = new TestHost(detectConflicts: true, start: false, seed: seed);
        host.Stack.AddressIsContended = true;
        host.Start();
        return host;
    }

    /// <summary>The last probe that the other has sent comes over the wire.</summary>
    private static void HearProbeOf(TestHost host, TestHost other) => host.Hear(other.Link.Sent.Last(octets =>
        TestHost.Parse(octets).PayloadPacket is PacketDotNet.ArpPacket { SenderProtocolAddress: var sender } &&
        sender.Equals(System.Net.IPAddress.Any)));

    private static void Conflict(TestHost host) =>
        host.HearArp(ArpOperation.Request, TestHost.Address, TestHost.Peer, PhysicalAddress.Parse("02-00-00-00-00-99"));
}
