using Pyco.Stack.Sockets;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Data, acknowledgements and windows (RFC 9293 §3.8, RFC 1122 §4.2.3).</summary>
public class DataTraces
{
    [Test]
    public void Data_goes_out_at_once_and_is_acknowledged()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("hello").StackSends("P. 1:6(5) ack 1");
        trace.At(0.010).PeerSends("1:1(0) ack 6 win 65535");
        Assert.That(trace.Socket.UnacknowledgedOctets, Is.Zero);
        trace.At(10).StackIsSilent();
    }

    [Test]
    public void Received_data_can_be_read_and_its_ACK_waits_a_little()
    {
        Trace trace = Trace.Established();
        trace.At(1).PeerSends("1:6(5) ack 1 win 65535", "hello");
        trace.AppHears(SocketEvents.Readable).AppReads("hello");
        trace.At(1.500).Socket.Consume(0, trace.Now); // RFC 9293 §3.8.6.3: within half a second
        Assert.That(trace.Socket.ReceivedOctets, Is.Zero);
    }

    [Test]
    public void Nagle_holds_a_small_segment_back_while_one_is_unacknowledged()
    {
        Trace trace = Trace.Established();
        trace.AppWrites("a").StackSends("1:2(1) ack 1");
        trace.AppWrites("b").AppWrites("c").StackIsSilent(); // RFC 9293 §3.7.4
        trace.At(0.010).PeerSends("1:1(0) ack 2 win 65535");
        trace.StackSends("2:4(2) ack 1");
    }

    [Test]
    public void Without_Nagle_every_write_goes_out()
    {
        Trace trace = Trace.Established();
        trace.Socket.NoDelay = true;
        trace.AppWrites("a").StackSends("1:2(1) ack 1");
        trace.AppWrites("b").StackSends("2:3(1) ack 1");
    }

    [Test]
    public void Data_out_of_order_is_acknowledged_at_once_and_read_when_the_gap_is_filled()
    {
        Trace trace = Trace.Established();
        trace.PeerSends("6:11(5) ack 1 win 65535", "world");
        trace.StackSends("1:1(0) ack 1"); // RFC 5681 §4.2
        trace.PeerSends("1:6(5) ack 1 win 65535", "hello");
        trace.StackSends("1:1(0) ack 11").AppReads("helloworld");
    }

    [Test]
    public void With_SACK_the_peer_learns_what_has_arrived()
    {
        Trace trace = Trace.Established("mss 1000,sackOK");
        trace.PeerSends("6:11(5) ack 1 win 65535");
        trace.StackSends("1:1(0) ack 1 <sack 6:11>");
        trace.PeerSends("16:21(5) ack 1 win 65535");
        trace.StackSends("1:1(0) ack 1 <sack 16:21 6:11>"); // RFC 2018 §4
    }

    [Test]
    public void No_more_is_sent_than_the_peers_window_takes()
    {
        Trace trace = Trace.Established(peerWindow: 1500);
        trace.AppWrites(5000);
        trace.StackSends("1:1001(1000) ack 1").StackIsSilent(); // 500 more would be silly (RFC 9293 §3.8.6.2.1)
        trace.At(0.010).PeerSends("1:1(0) ack 1001 win 2000");
        trace.StackSends("1001:2001(1000) ack 1").StackSends("2001:3001(1000) ack 1").StackIsSilent();
    }

    [Test]
    public void A_closed_window_is_probed_and_its_opening_seen()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(500).StackSends("1:501(500) ack 1");
        trace.At(0.010).PeerSends("1:1(0) ack 501 win 0");
        trace.AppWrites(500).StackIsSilent();
        trace.At(5).PeerSends("1:1(0) ack 501 win 1000");
        trace.Skip();
        trace.At(10).PeerSends("1:1(0) ack 1001 win 1000");
        Assert.That(trace.Socket.UnacknowledgedOctets, Is.Zero);
    }

    [Test]
    public void PSH_stands_on_the_last_segment_of_what_there_is_to_send()
    {
        Trace trace = Trace.Established();
        trace.AppWrites(2500);
        string[] flags = [trace.TakeSent().Flags, trace.TakeSent().Flags, trace.TakeSent().Flags];
        Assert.That(flags, Is.EqualTo(new[] { ".", ".", "P." })); // RFC 9293 MUST-61
        trace.At(0.2);
        Assert.That(trace.TakeSent().Flags, Is.EqualTo(".")); // the first, again
    }
}
