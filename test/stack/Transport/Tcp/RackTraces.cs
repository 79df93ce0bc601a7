using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Loss detection by time, and the probe of the tail (RFC 8985). Round trips are 40 ms.</summary>
public class RackTraces
{
    [Test]
    public void Reordering_without_loss_sends_nothing_again()
    {
        Trace trace = Sent(10_000);
        // Two have overtaken the first, which comes within the reordering window of 10 ms: a quarter of the round trip.
        trace.At(0.080).PeerSends("1:1(0) ack 1 <sack 1001:3001>");
        trace.At(0.089).PeerSends("1:1(0) ack 3001").StackIsSilent();
        // From now on three that overtake prove nothing either (RACK.reordering_seen).
        trace.PeerSends("1:1(0) ack 3001 <sack 4001:9001>").StackIsSilent();
        trace.At(0.098).PeerSends("1:1(0) ack 10001").At(2).StackIsSilent();
        Assert.That(trace.Socket.RetransmittedSegments, Is.Zero);
        Assert.That(trace.Socket.CongestionWindow, Is.GreaterThanOrEqualTo(10_000));
    }

    [Test]
    public void What_has_not_come_when_the_reordering_window_ends_goes_out_again()
    {
        Trace trace = Sent(10_000);
        trace.At(0.080).PeerSends("1:1(0) ack 1 <sack 1001:3001>");
        trace.At(0.089).StackIsSilent();
        trace.At(0.090).StackSends("1:1001(1000) ack 1").StackIsSilent(); // §6.2, step 5
    }

    [Test]
    public void Where_no_reordering_was_seen_three_that_arrived_are_enough()
    {
        Trace trace = Sent(10_000);
        trace.At(0.080).PeerSends("1:1(0) ack 1 <sack 1001:4001>").StackSends("1:1001(1000) ack 1").StackIsSilent();
    }

    [Test]
    public void A_lost_retransmission_is_found_without_the_timer()
    {
        Trace trace = Sent(10_000).AppWrites(10_000).StackIsSilent();
        trace.At(0.080).PeerSends("1:1(0) ack 1 <sack 1001:4001>").StackSends("1:1001(1000) ack 1");
        trace.At(0.082).PeerSends("1:1(0) ack 1 <sack 1001:10001>").Skip(); // which lets new data out
        trace.At(0.122).PeerSends("1:1(0) ack 1 <sack 1001:12001>"); // sent after the retransmission, and arrived
        trace.StackSends("1:1001(1000) ack 1");
    }

    [Test]
    public void A_lost_tail_is_repaired_by_a_probe_long_before_the_time_out()
    {
        Trace trace = Sent(10_000);
        trace.At(0.080).PeerSends("1:1(0) ack 7001");
        trace.At(0.159).StackIsSilent();
        trace.At(0.160).StackSends("9001:10001(1000) ack 1").StackIsSilent(); // §7.2: two round trips
        // The probe has arrived: 7001 and 8001 were sent before it.
        trace.At(0.200).PeerSends("1:1(0) ack 7001 <sack 9001:10001>");
        trace.StackSends("7001:8001(1000) ack 1");
        trace.At(0.201).PeerSends("1:1(0) ack 8001 <sack 9001:10001>").StackSends("8001:9001(1000) ack 1");
        trace.At(0.240).PeerSends("1:1(0) ack 10001").At(3).StackIsSilent();
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(2100)); // of three in flight (RFC 9438 §4.6): no time-out
    }

    [Test]
    public void A_probe_is_new_data_where_there_is_some()
    {
        Trace trace = Sent(10_000).AppWrites(2000).StackIsSilent(); // the window is full
        trace.At(0.120).StackSends("10001:11001(1000) ack 1").StackIsSilent(); // §7.3
        Assert.That(trace.Socket.RetransmittedSegments, Is.Zero);
    }

    [Test]
    public void A_probe_that_repairs_the_only_loss_costs_what_a_loss_does()
    {
        Trace trace = Sent(10_000);
        trace.At(0.080).PeerSends("1:1(0) ack 9001");
        int window = trace.Socket.CongestionWindow;
        trace.At(0.320).StackSends("9001:10001(1000) ack 1"); // at the time-out: a lone segment's ACK may be delayed
        trace.At(0.360).PeerSends("1:1(0) ack 10001").AppWrites(1000).Skip();
        trace.At(0.400).PeerSends("1:1(0) ack 11001"); // no duplicate was reported (§7.4.2)
        Assert.That(trace.Socket.CongestionWindow, Is.LessThan(window));
    }

    [Test]
    public void A_probe_that_the_peer_had_no_need_of_costs_nothing([Values] bool reportsDuplicates)
    {
        Trace trace = Sent(10_000);
        trace.At(0.080).PeerSends("1:1(0) ack 9001");
        int window = trace.Socket.CongestionWindow;
        trace.At(0.320).StackSends("9001:10001(1000) ack 1");
        trace.At(0.330).PeerSends("1:1(0) ack 10001");
        trace.At(0.360).PeerSends(reportsDuplicates ? "1:1(0) ack 10001 <sack 9001:10001>" : "1:1(0) ack 10001");
        trace.AppWrites(1000).Skip().At(0.400).PeerSends("1:1(0) ack 11001");
        Assert.That(trace.Socket.CongestionWindow, Is.GreaterThanOrEqualTo(window));
    }

    [Test]
    public void There_is_one_probe_and_then_the_timer()
    {
        Trace trace = Sent(3000);
        trace.At(0.120).StackSends("2001:3001(1000) ack 1");
        trace.At(0.359).StackIsSilent();
        trace.At(0.360).StackSends("1:1001(1000) ack 1").StackIsSilent(); // the RTO of 240 ms counts from the probe
    }

    [Test]
    public void A_peer_without_SACK_gets_no_probe()
    {
        Trace trace = Established("mss 1000").AppWrites(3000).Skip();
        trace.At(0.279).StackIsSilent();
        trace.At(0.280).StackSends("1:1001(1000) ack 1");
    }

    [Test]
    public void D_SACK_widens_the_reordering_window()
    {
        Trace trace = Sent(10_000);
        trace.At(0.080).PeerSends("1:1(0) ack 1 <sack 1001:3001>");
        trace.At(0.090).StackSends("1:1001(1000) ack 1"); // too early: it comes 5 ms later
        trace.At(0.095).PeerSends("1:1(0) ack 10001");
        trace.At(0.130).PeerSends("1:1(0) ack 10001 <sack 1:1001>");
        trace.AppWrites(8000).Skip();
        trace.At(0.170).PeerSends("1:1(0) ack 10001 <sack 11001:13001>");
        trace.At(0.189).StackIsSilent();
        trace.At(0.190).StackSends("10001:11001(1000) ack 1"); // §6.2, step 4: twice a quarter of 40 ms
    }

    [Test]
    public void What_the_wire_doubles_does_not_widen_it()
    {
        Trace trace = Sent(10_000);
        trace.At(0.080).PeerSends("1:1(0) ack 10001 <sack 9001:10001>"); // nothing was sent again
        trace.AppWrites(8000).Skip();
        trace.At(0.120).PeerSends("1:1(0) ack 10001 <sack 11001:13001>");
        trace.At(0.130).StackSends("10001:11001(1000) ack 1");
    }

    [Test]
    public void A_time_out_sends_only_again_what_is_old_enough_to_be_lost()
    {
        Trace trace = Sent(3000);
        trace.At(0.120).StackSends("2001:3001(1000) ack 1"); // a probe
        trace.At(0.350).AppWrites(1000).StackSends("3001:4001(1000) ack 1");
        trace.At(0.360).StackSends("1:1001(1000) ack 1").StackIsSilent();
        trace.At(0.380).PeerSends("1:1(0) ack 3001").StackIsSilent(); // §6.3: 3001 is on its way
        trace.At(0.390).PeerSends("1:1(0) ack 4001").At(3).StackIsSilent();
    }

    [Test]
    public void A_FIN_that_waits_behind_a_gap_is_reported()
    {
        Trace trace = Trace.Accepted("mss 1000,sackOK");
        trace.PeerSends("F. 1001:2001(1000) ack 1").StackSends("1:1(0) ack 1 <sack 1001:2002>");
    }

    /// <summary>A connection with a round trip of 40 ms, at that moment.</summary>
    private static Trace Established(string peerOptions)
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0)");
        trace.At(0.040).PeerSends($"S. 0:0(0) ack 1 win 65535 <{peerOptions}>");
        return trace.StackSends("1:1(0) ack 1");
    }

    /// <summary>The same, and so many octets are on their way.</summary>
    private static Trace Sent(int octets) => Established("mss 1000,sackOK").AppWrites(octets).Skip();
}
