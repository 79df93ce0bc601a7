using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Windows that close, shrink, are scaled, or would be silly (RFC 9293 §3.8.6, RFC 7323 §2).</summary>
public class WindowTraces
{
    [Test]
    public void Probes_of_a_closed_window_come_ever_more_seldom_though_each_is_answered()
    {
        Trace trace = Closed();
        foreach (double second in new double[] { 0.2, 0.6, 1.4, 3.0, 6.2, 12.6 })
            trace.At(second).StackSends("0:0(0) ack 1").PeerSends("1:1(0) ack 1 win 0"); // RFC 9293 SHLD-29, SHLD-30
        trace.At(25.3).StackIsSilent();
    }

    [Test]
    public void Probes_are_never_more_than_two_minutes_apart()
    {
        Trace trace = Closed();
        List<double> sent = [0];
        for (int second = 1; second < 2000; second++)
        {
            if (!trace.At(second).HasSent)
                continue;
            sent.Add(trace.TakeSentAt(out _));
            trace.Skip().PeerSends("1:1(0) ack 1 win 0");
        }
        Assert.That(sent.Skip(1).Zip(sent, (next, last) => next - last).Max(), Is.EqualTo(120).Within(0.001));
    }

    [Test]
    public void A_peer_that_answers_may_keep_its_window_shut_for_ever()
    {
        Trace trace = Closed();
        for (int minute = 1; minute <= 120; minute++)
            trace.At(60 * minute).Skip().PeerSends("1:1(0) ack 1 win 0");
        trace.StateIs("ESTABLISHED"); // RFC 9293 MUST-37
        trace.PeerSends("1:1(0) ack 1 win 1000").StackSends("1:6(5) ack 1");
    }

    [Test]
    public void A_peer_that_answers_no_probe_is_given_up()
    {
        Trace trace = Closed();
        trace.At(2000).AppHears(SocketEvents.Failed).ErrorIs(Errno.ETIMEDOUT);
    }

    [Test]
    public void After_the_window_was_open_probing_begins_with_one_RTO_again()
    {
        Trace trace = Closed();
        foreach (double second in new double[] { 0.2, 0.6, 1.4 })
            trace.At(second).StackSends("0:0(0) ack 1").PeerSends("1:1(0) ack 1 win 0");
        trace.PeerSends("1:1(0) ack 1 win 5").StackSends("1:6(5) ack 1");
        trace.PeerSends("1:1(0) ack 6 win 0").AppWrites("world").StackIsSilent();
        trace.At(1.6).StackSends("5:5(0) ack 1");
    }

    [Test]
    public void A_window_update_lost_is_found_by_the_next_probe()
    {
        Trace trace = Closed();
        trace.At(0.2).StackSends("0:0(0) ack 1");
        trace.At(0.6).StackSends("0:0(0) ack 1").PeerSends("1:1(0) ack 1 win 5").StackSends("1:6(5) ack 1");
    }

    [Test]
    public void A_window_that_shrinks_below_what_is_in_flight_stops_new_data()
    {
        Trace trace = Trace.Established(peerWindow: 4000);
        trace.AppWrites(8000).Skip(); // 1:4001 are in flight
        trace.PeerSends("1:1(0) ack 1001 win 1000").StackIsSilent(); // RFC 9293 MUST-34, SHLD-15
        trace.PeerSends("1:1(0) ack 4001 win 1000").StackSends("4001:5001(1000) ack 1").StackIsSilent();
    }

    [Test]
    public void A_window_taken_back_to_nothing_ends_no_connection_whose_peer_answers()
    {
        Trace trace = Trace.Established(peerWindow: 4000);
        trace.AppWrites(4000).Skip();
        trace.PeerSends("1:1(0) ack 1001 win 0");
        for (int minute = 1; minute <= 40; minute++)
            trace.At(60 * minute).Skip().PeerSends("1:1(0) ack 1001 win 0");
        trace.StateIs("ESTABLISHED"); // RFC 9293 SHLD-17, MUST-37
        trace.At(2500).Skip().PeerSends("1:1(0) ack 4001 win 4000");
        Assert.That(trace.Socket.UnacknowledgedOctets, Is.Zero);
    }

    [Test]
    public void The_peers_window_is_scaled_but_for_that_of_its_SYN()
    {
        Trace trace = Trace.Established("mss 1000,wscale 7", peerWindow: 1000);
        trace.AppWrites(6000).StackSends("1:1001(1000) ack 1").StackIsSilent(); // RFC 7323 §2.2
        trace.PeerSends("1:1(0) ack 1001 win 24"); // 24 << 7 = 3072
        trace.StackSends("1001:2001(1000) ack 1").StackSends("2001:3001(1000) ack 1").StackSends("3001:4001(1000) ack 1");
        trace.StackIsSilent();
    }

    [Test]
    public void Our_window_is_scaled_but_for_that_of_our_SYN()
    {
        Trace trace = new Trace().AppConnects();
        trace.StackSends("S 0:0(0) win 65535 <wscale 7>");
        trace.PeerSends("S. 0:0(0) ack 1 <mss 1000,wscale 0>");
        trace.StackSends("1:1(0) ack 1 win 2048"); // 256 KB
    }

    [Test]
    public void Without_the_peers_option_neither_window_is_scaled()
    {
        Trace trace = new Trace().AppConnects().Skip();
        trace.PeerSends("S. 0:0(0) ack 1 win 100 <mss 1000>");
        trace.StackSends("1:1(0) ack 1 win 65535"); // RFC 7323 §1.3
        trace.AppWrites(200).StackSends("1:101(100) ack 1").StackIsSilent();
    }

    [Test]
    public void A_small_part_of_the_window_is_not_offered()
    {
        Trace trace = Filled(out int edge);
        int room = 262_144 - trace.Socket.ReceivedOctets; // too little to be offered
        trace.AppReads(999 - room).StackIsSilent(); // RFC 9293 §3.8.6.2.2: less than a segment
        trace.AppReads(1).StackSends($"1:1(0) ack {edge} win 1000").StackIsSilent();
    }

    [Test]
    public void Our_window_never_shrinks()
    {
        Trace trace = Trace.Established();
        long edge = 0;
        for (int seq = 1; seq < 300_001; seq += 1000)
        {
            if (edge != 0 && seq + 1000 > edge)
                break;
            trace.PeerSends($"{seq}:{seq + 1000}(1000) ack 1");
            while (trace.HasSent)
            {
                TraceSegment sent = trace.TakeSent();
                Assert.That(sent.Ack + sent.Window, Is.GreaterThanOrEqualTo(edge)); // RFC 9293 SHLD-14
                edge = (sent.Ack + sent.Window)!.Value;
            }
        }
        Assert.That(edge, Is.GreaterThan(65_535));
    }

    [Test]
    public void Data_beyond_a_closed_window_is_refused_but_its_ACK_counts()
    {
        Trace trace = Filled(out int edge);
        trace.AppWrites("hello").StackSends($"1:6(5) ack {edge} win 0");
        trace.PeerSends($"{edge}:{edge + 5}(5) ack 6").StackSends($"6:6(0) ack {edge} win 0"); // §3.10.7.4, first step
        Assert.That(trace.Socket.UnacknowledgedOctets, Is.Zero);
    }

    [Test]
    public void A_RST_counts_though_the_window_is_closed()
    {
        Trace trace = Filled(out int edge);
        trace.PeerSends($"R {edge}:{edge}(0)").AppHears(SocketEvents.Failed).ErrorIs(Errno.ECONNRESET); // MUST-66
    }

    [Test]
    public void A_small_part_of_the_peers_window_is_used_only_after_a_time()
    {
        Trace trace = Trace.Established(peerWindow: 1500);
        trace.AppWrites(5000).StackSends("1:1001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 1001 win 500").StackIsSilent(); // RFC 9293 §3.8.6.2.1
        trace.At(0.199).StackIsSilent();
        trace.At(0.200).StackSends("1001:1501(500) ack 1"); // … (4), the override
    }

    [Test]
    public void Half_of_the_largest_window_is_worth_a_segment()
    {
        Trace trace = Trace.Established(peerWindow: 1500);
        trace.AppWrites(5000).StackSends("1:1001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 1001 win 750").StackSends("1001:1751(750) ack 1"); // … (3)
    }

    [Test]
    public void Full_segments_go_out_as_large_as_the_peer_takes_them_and_no_larger()
    {
        Trace trace = Trace.Established("mss 1300");
        trace.AppWrites(2600).StackSends("1:1301(1300) ack 1").StackSends("1301:2601(1300) ack 1"); // MUST-16
        trace = Trace.Established("mss 9000");
        trace.AppWrites(2920).StackSends("1:1461(1460) ack 1").StackSends("1461:2921(1460) ack 1");
    }

    private static Trace Closed()
    {
        Trace trace = Trace.Established(peerWindow: 0);
        return trace.AppWrites("hello").StackIsSilent();
    }

    /// <summary>The program reads nothing and the window is full up to this place.</summary>
    private static Trace Filled(out int edge)
    {
        Trace trace = Trace.Accepted();
        edge = 1;
        while (trace.OfferedEdge - edge >= 1000)
        {
            trace.PeerSends($"{edge}:{edge + 1000}(1000) ack 1");
            edge += 1000;
        }
        int rest = (int)trace.OfferedEdge - edge;
        if (rest > 0)
            trace.PeerSends($"{edge}:{edge + rest}({rest}) ack 1");
        edge += rest;
        trace.At(1).Skip();
        Assert.That(trace.OfferedEdge, Is.EqualTo(edge), "the window is shut");
        return trace;
    }
}
