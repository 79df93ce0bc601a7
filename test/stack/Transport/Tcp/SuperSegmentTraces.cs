using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Where a link takes many segments in one frame, every rule means what it means for the segments one by one.</summary>
public class SuperSegmentTraces
{
    private const int MaxSuperSegment = 65535;

    [Test]
    public void All_that_may_go_goes_in_one_frame()
    {
        Trace trace = Established();
        trace.AppWrites(5500).StackSends("1:5501(5500) ack 1").StackIsSilent();
        trace.AppWrites(100).StackIsSilent(); // Minshall's form of Nagle: the last segment was partial
        trace.PeerSends("1:1(0) ack 5501").StackSends("5501:5601(100) ack 1");
    }

    [Test]
    public void A_link_that_takes_none_gets_none()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(2500);
        trace.StackSends("1:1001(1000) ack 1").StackSends("1001:2001(1000) ack 1").StackSends("2001:2501(500) ack 1");
    }

    [Test]
    public void No_packet_is_larger_than_the_link_takes()
    {
        Trace trace = Established(maxSuperSegment: 4500);
        trace.AppWrites(9000); // 4460 octets of data would fit
        trace.StackSends("1:4001(4000) ack 1").StackSends("4001:8001(4000) ack 1").StackSends("8001:9001(1000) ack 1");
    }

    [Test]
    public void A_partial_segment_in_flight_holds_back_the_next_one_and_no_whole_one()
    {
        Trace trace = Established();
        trace.AppWrites(100).StackSends("1:101(100) ack 1");
        trace.AppWrites(2500).StackSends("101:2101(2000) ack 1").StackIsSilent();
        trace.PeerSends("1:1(0) ack 101").StackSends("2101:2601(500) ack 1");
    }

    [Test]
    public void A_cork_holds_back_only_the_partial_segment()
    {
        Trace trace = Established();
        trace.Socket.Cork = true;
        trace.AppWrites(5500).StackSends("1:5001(5000) ack 1").StackIsSilent();
        trace.Socket.Cork = false;
        trace.StackSends("5001:5501(500) ack 1");
    }

    [Test]
    public void The_congestion_window_lets_out_whole_segments_and_doubles_with_one_ACK()
    {
        Trace trace = Established();
        trace.AppWrites(35_000).StackSends("1:10001(10000) ack 1").StackIsSilent(); // RFC 6928
        trace.At(0.01).PeerSends("1:1(0) ack 10001 win 65535").StackSends("10001:30001(20000) ack 1").StackIsSilent();
        trace.At(0.02).PeerSends("1:1(0) ack 30001 win 65535").StackSends("30001:35001(5000) ack 1");
    }

    [Test]
    public void The_peers_window_lets_out_whole_segments()
    {
        Trace trace = Established(peerWindow: 3500);
        trace.AppWrites(9000).StackSends("1:3001(3000) ack 1").StackIsSilent(); // RFC 9293 §3.8.6.2.1
    }

    [Test]
    public void The_FIN_rides_on_the_last_one()
    {
        Trace trace = Established();
        trace.Socket.GetSendSpan()[..2500].Clear();
        trace.Socket.CommitSend(2500, trace.Now);
        trace.Socket.FinishSending(trace.Now);
        trace.StackSends("F. 1:2501(2500) ack 1").StackIsSilent();
    }

    [Test]
    public void One_that_is_lost_goes_out_again_whole()
    {
        Trace trace = Established(peerOptions: "mss 1000,sackOK");
        trace.AppWrites(4000).StackSends("1:4001(4000) ack 1");
        trace.AppWrites(4000).StackSends("4001:8001(4000) ack 1");
        trace.At(0.005).PeerSends("1:1(0) ack 1 win 65535 <sack 4001:8001>");
        trace.StackSends("1:4001(4000) ack 1").StackIsSilent();
        Assert.That(trace.Socket.RetransmittedSegments, Is.EqualTo(4));
    }

    [Test]
    public void Two_segments_in_one_frame_are_acknowledged_at_once()
    {
        Trace trace = Conversation();
        trace.PeerSendsSuperSegment("101:2101(2000) ack 3", 1000).StackSends("3:3(0) ack 2101"); // RFC 9293 SHLD-19
        trace.PeerSendsSuperSegment("2101:3601(1500) ack 3", 1000).StackIsSilent();
        trace.At(0.040).StackSends("3:3(0) ack 3601");
    }

    [Test]
    public void Their_segment_size_counts_and_not_their_length()
    {
        Trace trace = Conversation();
        trace.PeerSendsSuperSegment("101:40101(40000) ack 3", 1000).StackSends("3:3(0) ack 40101");
        trace.PeerSends("40101:41101(1000) ack 3").StackIsSilent();
        trace.PeerSends("41101:42101(1000) ack 3").StackSends("3:3(0) ack 42101");
    }

    private static Trace Established(
        string peerOptions = "mss 1000", int peerWindow = 65535, int maxSuperSegment = MaxSuperSegment) =>
        Trace.Established(peerOptions, peerWindow, maxSuperSegment);

    /// <summary>Both sides have sent something, so that acknowledgements wait for answers.</summary>
    private static Trace Conversation()
    {
        Trace trace = Established();
        trace.PeerSends("1:101(100) ack 1").StackSends("1:1(0) ack 101");
        trace.AppWrites("ok").StackSends("1:3(2) ack 101");
        return trace.PeerSends("101:101(0) ack 3");
    }
}
