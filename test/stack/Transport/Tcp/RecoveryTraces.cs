using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>What is sent again, and when (RFC 6298, RFC 5681, RFC 6582); RFC 8985 has traces of its own.</summary>
public class RecoveryTraces
{
    private const string Duplicate = "1:1(0) ack 1";

    [Test]
    public void An_unanswered_segment_goes_out_again_after_one_RTO_and_then_after_twice_that()
    {
        Trace trace = Trace.Established(); // a round trip of 0: the RTO is 200 ms, as in Linux
        trace.AppWrites("hello").StackSends("1:6(5) ack 1");
        trace.At(0.199).StackIsSilent();
        trace.At(0.200).StackSends("1:6(5) ack 1");
        trace.At(0.600).StackSends("1:6(5) ack 1"); // RFC 6298 (5.5)
        trace.At(1.400).StackSends("1:6(5) ack 1");
    }

    [Test]
    public void Three_duplicate_ACKs_make_the_first_segment_go_out_again()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(5000);
        for (int start = 1; start < 5001; start += 1000)
            trace.StackSends($"{start}:{start + 1000}(1000) ack 1");
        trace.At(0.010).PeerSends("1:1(0) ack 1 win 65535").PeerSends("1:1(0) ack 1 win 65535").StackIsSilent();
        trace.PeerSends("1:1(0) ack 1 win 65535").StackSends("1:1001(1000) ack 1"); // RFC 5681 §3.2
    }

    [Test]
    public void SACK_sends_only_the_holes_again()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.AppWrites(8000).Skip();
        trace.At(0.005).PeerSends("1:1(0) ack 1 win 65535 <sack 1001:2001>");
        trace.PeerSends("1:1(0) ack 1 win 65535 <sack 1001:2001 3001:4001>");
        trace.PeerSends("1:1(0) ack 1 win 65535 <sack 3001:5001 1001:2001>");
        trace.StackSends("1:1001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 1 win 65535 <sack 3001:7001 1001:2001>");
        trace.StackSends("2001:3001(1000) ack 1"); // RFC 8985 §6.2: sent before 7001
    }

    [Test]
    public void A_connection_that_nobody_answers_fails_with_ETIMEDOUT()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello");
        trace.At(2000).AppHears(SocketEvents.Failed).ErrorIs(Errno.ETIMEDOUT); // RFC 9293 §3.8.3, R2
    }

    [Test]
    public void The_first_two_duplicate_ACKs_let_out_one_new_segment_each()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(15_000).Skip(); // the initial window takes ten
        trace.PeerSends(Duplicate).StackSends("10001:11001(1000) ack 1"); // RFC 3042
        trace.PeerSends(Duplicate).StackSends("11001:12001(1000) ack 1");
        trace.PeerSends(Duplicate).StackSends("1:1001(1000) ack 1").StackIsSilent();
    }

    [Test]
    public void With_SACK_too()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.AppWrites(15_000).Skip();
        trace.PeerSends("1:1(0) ack 1 <sack 1001:2001>").StackSends("10001:11001(1000) ack 1"); // RFC 3042
        trace.PeerSends("1:1(0) ack 1 <sack 1001:3001>").StackSends("11001:12001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 1 <sack 1001:4001>").StackSends("1:1001(1000) ack 1").StackIsSilent();
    }

    [Test]
    public void Without_SACK_each_partial_ACK_sends_the_next_hole_again()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(10_000).Skip(); // 1, 2001 and 5001 get lost
        for (int count = 0; count < 3; count++)
            trace.PeerSends(Duplicate);
        trace.StackSends("1:1001(1000) ack 1").StackIsSilent();
        for (int count = 0; count < 4; count++)
            trace.PeerSends(Duplicate);
        trace.StackIsSilent();
        trace.PeerSends("1:1(0) ack 2001").StackSends("2001:3001(1000) ack 1"); // RFC 6582 §3.2, step 3
        trace.PeerSends("1:1(0) ack 5001").StackSends("5001:6001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 10001").StackIsSilent();
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(7000)); // RFC 9438 §4.6
    }

    [Test]
    public void Duplicate_ACKs_of_what_a_time_out_sent_again_begin_no_recovery()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(5000).At(0.2).Skip();
        trace.PeerSends("1:1(0) ack 1001").Skip();
        int window = trace.Socket.CongestionWindow;
        for (int count = 0; count < 3; count++)
            trace.PeerSends("1:1(0) ack 1001");
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(window)); // RFC 6582 §4, "recover"
    }

    [Test]
    public void A_retransmission_that_is_lost_too_waits_for_the_timer()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.AppWrites(5000).Skip();
        trace.PeerSends("1:1(0) ack 1 <sack 1001:5001>").StackSends("1:1001(1000) ack 1");
        trace.At(0.199).StackIsSilent();
        trace.At(0.200).StackSends("1:1001(1000) ack 1").StackIsSilent(); // what was reported is not sent again
        trace.PeerSends("1:1(0) ack 5001").StackIsSilent();
        Assert.That(trace.Socket.UnacknowledgedOctets, Is.Zero);
    }

    [Test]
    public void A_time_out_that_timestamps_prove_wrong_is_undone()
    {
        Trace trace = Trace.Established("mss 1012,TS val 1000 ecr 0");
        trace.AppWrites(10_000).Skip();
        uint first = trace.LastTimestamp;
        trace.At(0.2).StackSends("1:1001(1000) ack 1");
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(1000));
        trace.At(0.3).PeerSends($"1:1(0) ack 1001 <TS val 1001 ecr {first}>").StackIsSilent(); // RFC 3522 §3
        Assert.That(trace.Socket.CongestionWindow, Is.GreaterThanOrEqualTo(10_000));
    }

    [TestCase("<sack 1:1001,TS val 1001 ecr {0}>", false)]
    [TestCase("<TS val 1001 ecr {0}>", true)]
    public void What_answers_a_duplicate_tells_nothing_of_the_round_trip(string options, bool isSample)
    {
        Trace trace = Trace.Established("mss 1012,sackOK,TS val 1000 ecr 0");
        uint established = trace.LastTimestamp;
        TimeSpan? before = trace.Socket.SmoothedRoundTrip;
        trace.At(1).AppWrites(1000).Skip();
        trace.At(1.5).Skip(); // sent again
        // It had arrived the first time, but that acknowledgement was lost: TS.Recent is from long ago (RFC 7323 §4.3).
        trace.At(3).PeerSends($"1:1(0) ack 1001 {string.Format(null, options, established)}");
        Assert.That(trace.Socket.SmoothedRoundTrip != before, Is.EqualTo(isSample));
    }

    [Test]
    public void A_time_out_that_D_SACK_proves_wrong_is_undone()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.AppWrites(3000).Skip();
        trace.At(0.010).StackSends("2001:3001(1000) ack 1"); // a probe, of which nothing is heard
        trace.At(0.210).StackSends("1:1001(1000) ack 1");
        trace.At(0.3).PeerSends("1:1(0) ack 3001");
        Assert.That(trace.Socket.CongestionWindow, Is.LessThan(10_000));
        trace.PeerSends("1:1(0) ack 3001 <sack 1:1001>"); // RFC 2883 §4: it came a second time
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(10_000)); // RFC 3708 §3
    }

    [Test]
    public void A_recovery_that_D_SACK_proves_wrong_is_undone_and_reordering_costs_nothing()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.AppWrites(10_000).Skip();
        trace.PeerSends("1:1(0) ack 1 <sack 1001:5001>").StackSends("1:1001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 10001");
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(7000));
        trace.PeerSends("1:1(0) ack 10001 <sack 1:1001>");
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(10_000));
    }

    [Test]
    public void A_duplicate_of_what_was_sent_before_the_loss_undoes_nothing()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.AppWrites(10_000).Skip();
        trace.PeerSends("1:1(0) ack 2001");
        trace.PeerSends("1:1(0) ack 2001 <sack 3001:7001>").StackSends("2001:3001(1000) ack 1");
        int window = trace.PeerSends("1:1(0) ack 10001").Socket.CongestionWindow;
        trace.PeerSends("1:1(0) ack 10001 <sack 1:1001>");
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(window));
    }

    [Test]
    public void One_of_two_duplicates_undoes_nothing()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.AppWrites(10_000).Skip(); // 1 is lost, 2001 only late
        trace.PeerSends("1:1(0) ack 1 <sack 3001:9001 1001:2001>");
        trace.StackSends("1:1001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 1 <sack 3001:10001 1001:2001>").StackSends("2001:3001(1000) ack 1");
        int window = trace.PeerSends("1:1(0) ack 10001").Socket.CongestionWindow;
        trace.PeerSends("1:1(0) ack 10001 <sack 2001:3001>");
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(window));
    }

    [Test]
    public void A_peer_that_reneges_gets_all_again()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.AppWrites(5000).Skip();
        trace.PeerSends("1:1(0) ack 1 <sack 1001:5001>").StackSends("1:1001(1000) ack 1");
        trace.PeerSends("1:1(0) ack 1001").At(0.3).Skip(); // it has thrown 1001:5001 away (RFC 2018 §8)
        trace.PeerSends("1:1(0) ack 2001").StackSends("2001:3001(1000) ack 1").StackSends("3001:4001(1000) ack 1");
    }

    [TestCase("cubic", 7000)]
    [TestCase("reno", 5000)]
    public void The_program_chooses_the_congestion_control(string name, int afterLoss)
    {
        Trace trace = new();
        trace.Socket.CongestionControl = name; // tcp(7), TCP_CONGESTION
        trace.AppConnects().Skip().PeerSends("S. 0:0(0) ack 1 <mss 1000>").Skip();
        trace.AppWrites(10_000).Skip();
        for (int count = 0; count < 3; count++)
            trace.PeerSends(Duplicate);
        trace.PeerSends("1:1(0) ack 10001");
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(afterLoss));
    }

    [Test]
    public void The_first_window_is_ten_segments()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(20_000);
        for (int seq = 1; seq < 10_001; seq += 1000)
            trace.StackSends($"{seq}:{seq + 1000}(1000) ack 1"); // RFC 6928 §2
        trace.StackIsSilent();
        trace.PeerSends("1:1(0) ack 2001"); // slow start: what is acknowledged, and as much again
        for (int seq = 10_001; seq < 14_001; seq += 1000)
            trace.StackSends($"{seq}:{seq + 1000}(1000) ack 1");
        trace.StackIsSilent();
    }

    [Test]
    public void After_an_idle_time_the_window_is_no_larger_than_the_first()
    {
        Trace trace = Trace.Established();
        for (int sent = 1; sent < 60_001; sent += 20_000)
        {
            trace.AppWrites(20_000).Skip();
            for (int ack = sent; ack < sent + 20_000; ack += 2000)
                trace.PeerSends($"1:1(0) ack {ack + 2000}").Skip();
        }
        Assert.That(trace.Socket.CongestionWindow, Is.GreaterThan(15_000));
        trace.At(10).AppWrites(20_000).Skip();
        Assert.That(trace.Socket.CongestionWindow, Is.EqualTo(10_000)); // RFC 5681 §4.1
    }
}
