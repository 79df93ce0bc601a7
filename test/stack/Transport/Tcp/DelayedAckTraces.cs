using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>When the stack acknowledges (RFC 9293 §3.8.6.3, RFC 5681 §4.2).</summary>
public class DelayedAckTraces
{
    [Test]
    public void The_first_segments_are_acknowledged_at_once_to_help_the_peers_slow_start()
    {
        Trace trace = Trace.Established();
        for (int seq = 1; seq < 1601; seq += 100)
            trace.PeerSends($"{seq}:{seq + 100}(100) ack 1").StackSends($"1:1(0) ack {seq + 100}"); // TCP_MAX_QUICKACKS
        trace.PeerSends("1601:1701(100) ack 1").StackIsSilent();
    }

    [Test]
    public void In_a_conversation_an_ACK_waits_40_ms()
    {
        Trace trace = Conversation();
        trace.PeerSends("101:201(100) ack 3");
        trace.At(0.039).StackIsSilent();
        trace.At(0.040).StackSends("3:3(0) ack 201").StackIsSilent(); // RFC 9293 MUST-40: below 500 ms
    }

    [Test]
    public void An_answer_carries_the_ACK()
    {
        Trace trace = Conversation();
        trace.PeerSends("101:201(100) ack 3");
        trace.At(0.020).AppWrites("ok").StackSends("3:5(2) ack 201");
        trace.PeerSends("201:201(0) ack 5").At(0.5).StackIsSilent();
    }

    [Test]
    public void Every_second_full_segment_is_acknowledged_at_once()
    {
        Trace trace = Conversation();
        trace.PeerSends("101:1101(1000) ack 3").StackIsSilent();
        trace.PeerSends("1101:2101(1000) ack 3").StackSends("3:3(0) ack 2101"); // RFC 9293 SHLD-19
        trace.PeerSends("2101:3101(1000) ack 3").StackIsSilent();
        trace.PeerSends("3101:4101(1000) ack 3").StackSends("3:3(0) ack 4101");
    }

    [Test]
    public void Small_segments_do_not_count_as_full_ones()
    {
        Trace trace = Conversation();
        trace.PeerSends("101:201(100) ack 3").PeerSends("201:301(100) ack 3").PeerSends("301:401(100) ack 3");
        trace.StackIsSilent().At(0.040).StackSends("3:3(0) ack 401").StackIsSilent();
    }

    [Test]
    public void One_ACK_answers_all_that_came_in_one_batch()
    {
        Trace trace = Conversation();
        trace.PeerSendsTogether(
            "101:1101(1000) ack 3", "1101:2101(1000) ack 3", "2101:3101(1000) ack 3", "3101:4101(1000) ack 3");
        trace.StackSends("3:3(0) ack 4101").StackIsSilent(); // RFC 9293 MUST-58, MUST-59
    }

    [Test]
    public void A_gap_and_its_filling_are_acknowledged_at_once()
    {
        Trace trace = Conversation();
        trace.PeerSends("201:301(100) ack 3").StackSends("3:3(0) ack 101"); // RFC 5681 §4.2
        trace.PeerSends("101:201(100) ack 3").StackSends("3:3(0) ack 301");
    }

    [Test]
    public void A_gap_that_is_filled_in_part_is_acknowledged_at_once()
    {
        Trace trace = Conversation();
        trace.PeerSends("301:401(100) ack 3").StackSends("3:3(0) ack 101");
        trace.PeerSends("101:201(100) ack 3").StackSends("3:3(0) ack 201");
    }

    [Test]
    public void A_duplicate_is_acknowledged_at_once_and_reported_by_D_SACK()
    {
        Trace trace = Conversation("mss 1000,sackOK");
        trace.PeerSends("51:101(50) ack 3").StackSends("3:3(0) ack 101 <sack 51:101>"); // RFC 2883 §4
    }

    [Test]
    public void A_FIN_is_acknowledged_at_once()
    {
        Trace trace = Conversation();
        trace.PeerSends("F. 101:201(100) ack 3").StackSends("3:3(0) ack 202");
    }

    [Test]
    public void After_a_pause_of_an_RTO_the_peers_slow_start_is_helped_again()
    {
        Trace trace = Conversation();
        trace.PeerSends("101:201(100) ack 3").At(0.040).StackSends("3:3(0) ack 201");
        trace.At(5).PeerSends("201:301(100) ack 3").StackSends("3:3(0) ack 301"); // RFC 5681 §4.1
    }

    /// <summary>Each side has sent a little: from here on ACKs ride on answers.</summary>
    private static Trace Conversation(string options = "mss 1000")
    {
        Trace trace = Trace.Established(options);
        trace.PeerSends("1:101(100) ack 1").StackSends("1:1(0) ack 101");
        trace.AppWrites("ok").StackSends("1:3(2) ack 101");
        return trace.PeerSends("101:101(0) ack 3");
    }
}
